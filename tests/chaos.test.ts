/**
 * A trade during which processes are killed with kill -9, and queues are flushed: the books end as if nothing had been.
 *
 * The instants are drawn by chance from a seed that is printed; CHAOS_SEED and CHAOS_KILLS choose others. An instant is
 * a number of answers that the hall has given and some milliseconds after it, so that it falls into the work that is
 * under way then; some of those answers never reach the trade.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startRedis } from '#testing/cluster'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from 'vitest'
import { bookedOrders, settled, sumOfCharges, sumsFor, sumsOf } from './processes/books.ts'
import { createChance, differentNumbers } from './processes/chance.ts'
import { type Door, openDoor } from './processes/door.ts'
import type { Program } from './processes/program.ts'
import { fixture, orders, outcomeOf, placeFixture, startTool, totals } from './processes/trading.ts'
import { openWorld, type World } from './processes/world.ts'

const seed = Number(process.env['CHAOS_SEED'] ?? 20_101_201)
const kills = Number(process.env['CHAOS_KILLS'] ?? 20)
const chaosMsMax = 120_000 + kills * 5_000
const hasRedis = inject('cluster').redisUrl !== undefined

let redis: { url: string; close(): Promise<void> } | undefined
let redisFolder: string

beforeAll(async () => {
  redisFolder = await mkdtemp(join(tmpdir(), 'markethall-chaos-'))
  // One of its own: other tests would lose their queues by what is done to it here.
  redis = hasRedis ? await startRedis(redisFolder) : undefined
})

afterAll(async () => {
  await redis?.close()
  await rm(redisFolder, { recursive: true, force: true, maxRetries: 5 })
})

type Instant = { answers: number; delayMs: number; losesAnswer: boolean }

/** The fixture's sales take about 200 answers; the last instants leave something to do. */
const answersMax = 180

function drawInstants(count: number, salt: number): Instant[] {
  console.info(`Chaos of seed ${seed}, ${count} instants.`)
  const chance = createChance(seed + salt)
  return differentNumbers(chance, { count, min: 1, max: answersMax }).map((answers) => ({
    answers,
    delayMs: chance(0, 30),
    losesAnswer: chance(0, 1) === 1,
  }))
}

/** Does `strike` at each instant, one after the other, while the trade goes on through the door. */
async function atInstants(door: Door, instants: readonly Instant[], strike: (index: number) => Promise<void>): Promise<void> {
  for (const { answers, losesAnswer } of instants) if (losesAnswer) door.lose(answers)
  for (const [index, { answers, delayMs }] of instants.entries()) {
    await door.reached(answers)
    await delay(delayMs)
    await strike(index)
  }
}

/** The books of the fixture, whatever happened while they were written. */
async function expectTheBooks(world: World): Promise<void> {
  await settled(world.sql)
  expect(await bookedOrders(world.sql)).toEqual(orders)
  expect(await sumsOf(world.sql)).toEqual(sumsFor(totals))
  expect(sumOfCharges(await world.charges())).toEqual({ capturedMinor: totals.grossMinor, heldStill: 0 })
}

const complaintsOf = (programs: readonly Program[]) => () =>
  console.info(programs.map(({ err }) => err.slice(-20).join('\n')).join('\n--- killed ---\n'))

const backends = [
  { backend: 'PostgreSQL', isThere: true, salt: 0 },
  { backend: 'Redis', isThere: hasRedis, salt: 1 },
]

for (const { backend, isThere, salt } of backends) {
  test.skipIf(!isThere)(
    `a hall with its queues on ${backend} that is killed again and again keeps its books`,
    { timeout: chaosMsMax },
    async () => {
      await using world = await openWorld({ redisUrl: backend === 'Redis' ? redis?.url : undefined })
      await using door = await openDoor()
      let hall = await world.startHall()
      const halls: Program[] = [hall]
      onTestFailed(complaintsOf(halls))
      door.leadTo(hall.url)
      const trade = placeFixture(world, door.url)
      const chaos = atInstants(door, drawInstants(kills, salt), async () => {
        door.leadTo(undefined)
        await hall.kill()
        hall = await world.startHall()
        halls.push(hall)
        door.leadTo(hall.url)
      })
      const [outcome] = await Promise.all([trade, chaos])
      expect(outcome).toMatchObject(totals)
      expect(halls).toHaveLength(kills + 1)
      await expectTheBooks(world)
    },
  )
}

test('a trade that is killed, now alone and now with the hall, ends the same when it is run again', async () => {
  await using world = await openWorld()
  await using door = await openDoor()
  let hall = await world.startHall()
  door.leadTo(hall.url)
  const startTrade = () => startTool(world, ['trade', fixture, '--url', door.url, '--json'])
  let tool = startTrade()
  await atInstants(door, drawInstants(3, 2), async (index) => {
    await tool.kill()
    if (index === 1) {
      await hall.kill()
      hall = await world.startHall()
      door.leadTo(hall.url)
    }
    tool = startTrade()
  })
  expect(await tool.ended, tool.err.join('\n')).toEqual({ code: 0, signal: null })
  expect(outcomeOf(tool.out)).toMatchObject(totals)
  await expectTheBooks(world)
})

test('a hall whose process of orders is killed again and again keeps its books', { timeout: chaosMsMax }, async () => {
  await using world = await openWorld({ outside: ['orders'] })
  await using door = await openDoor()
  const starting = world.startOutside('orders')
  const hall = await world.startHall()
  let outside = await starting
  const programs: Program[] = [hall, outside]
  onTestFailed(complaintsOf(programs))
  door.leadTo(hall.url)
  const trade = placeFixture(world, door.url)
  const chaos = atInstants(door, drawInstants(5, 3), async () => {
    await outside.kill()
    outside = await world.startOutside('orders')
    programs.push(outside)
  })
  const [outcome] = await Promise.all([trade, chaos])
  expect(outcome).toMatchObject(totals)
  await expectTheBooks(world)
})

test.skipIf(!hasRedis)('a hall whose Redis is flushed in the middle of the trade keeps its books', async () => {
  await using world = await openWorld({ redisUrl: redis?.url })
  await using door = await openDoor()
  const hall = await world.startHall()
  onTestFailed(complaintsOf([hall]))
  door.leadTo(hall.url)
  const client = new Redis(redis!.url)
  try {
    const trade = placeFixture(world, door.url)
    const chaos = atInstants(door, drawInstants(6, 4), async () => void (await client.flushall()))
    const [outcome] = await Promise.all([trade, chaos])
    expect(outcome).toMatchObject(totals)
    await expectTheBooks(world)
  } finally {
    client.disconnect()
  }
})

if (!hasRedis) console.info('There is no redis-server on this machine: the chaos was on PostgreSQL only.')
