/** The chaos with queues on Redis: killed halls, and a Redis that forgets everything in the middle of the trade. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from '#testing/cluster'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import {
  atInstants,
  chaosMsMax,
  drawInstants,
  expectTheBooks,
  killTheHallAgainAndAgain,
  kills,
  tellOnFailure,
} from './processes/chaos.ts'
import { openDoor } from './processes/door.ts'
import { placeFixture, totals } from './processes/trading.ts'
import { openWorld } from './processes/world.ts'

const hasRedis = inject('cluster').redisUrl !== undefined
if (!hasRedis) console.info('There is no redis-server on this machine: the chaos was on PostgreSQL only.')

describe.skipIf(!hasRedis)('on Redis', () => {
  let redis: { url: string; close(): Promise<void> }
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'markethall-redis-'))
    // One of its own: other tests would lose their queues by what is done to it here.
    redis = (await startRedis(folder))!
  })

  afterAll(async () => {
    await redis.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('a hall that is killed again and again keeps its books', { timeout: chaosMsMax }, async () => {
    await using world = await openWorld({ redisUrl: redis.url, provider: 'elsewhere' })
    await killTheHallAgainAndAgain(world, drawInstants(Math.ceil(kills / 3), 3))
  })

  test('a hall whose Redis is flushed in the middle of the trade keeps its books', async () => {
    await using world = await openWorld({ redisUrl: redis.url })
    await using door = await openDoor()
    const { instants } = drawInstants(6, 4)
    const hall = await world.startHall()
    tellOnFailure([hall])
    door.leadTo(hall.url)
    const client = new Redis(redis.url)
    try {
      const chaos = atInstants(door, instants, async () => void (await client.flushall()))
      const [outcome] = await Promise.all([placeFixture(world, door.url), chaos])
      expect(outcome).toMatchObject(totals)
      await expectTheBooks(world)
    } finally {
      client.disconnect()
    }
  })
})
