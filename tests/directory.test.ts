/** Instances that announce themselves, and are found as long as they live: on PostgreSQL alone, and on Redis. */
import { randomUUID } from 'node:crypto'
import { Directory } from '#platform/directory/directory'
import { openPostgresRegistry } from '#platform/directory/postgres-registry'
import { openRedisRegistry } from '#platform/directory/redis-registry'
import { cloneTemplate } from '#testing/cluster'
import { eventually } from '#testing/eventually'
import { Redis } from 'ioredis'
import pg from 'pg'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { createLog } from '#platform/log'
import { quietLog } from './far/stall.ts'

const { redisUrl } = inject('cluster')
const registered: ReadonlySet<string> = new Set(['orders', 'inventory'])

const announced = (address: string, modules = ['orders']) => ({
  id: `${address} ${randomUUID()}`,
  process: 'orders',
  modules,
  address,
  version: '1',
})

/** A hall's registry of some kind: how it is opened, and how an instance misses its heartbeats. */
type Ground = {
  open(hall: string): Promise<ReturnType<typeof openRedisRegistry>>
  forget(hall: string, id: string): Promise<unknown>
}

async function onPostgres(): Promise<Ground> {
  const { url } = await cloneTemplate(inject('cluster'), 'directory')
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  onTestFinished(() => pool.end())
  return {
    open: (hall) => openPostgresRegistry(url, hall),
    forget: (_hall, id) => pool.query('UPDATE directory.instances SET lease_until = now() WHERE id = $1', [id]),
  }
}

async function onRedis(): Promise<Ground> {
  const redis = new Redis(redisUrl!)
  onTestFinished(() => redis.disconnect())
  return {
    open: async (hall) => openRedisRegistry(redisUrl!, { hall, log: quietLog }),
    forget: (hall, id) => redis.zadd(`${hall}:directory:leases`, 0, id),
  }
}

const grounds = { PostgreSQL: onPostgres, ...(redisUrl !== undefined && { Redis: onRedis }) }

describe.each(Object.entries(grounds))('a directory in %s', (_name, prepare) => {
  const openIn = async (ground: Ground, hall: string) => {
    const directory = new Directory({
      elsewhere: new Map(),
      registered,
      registry: await ground.open(hall),
      log: quietLog,
    })
    await directory.open()
    return directory
  }
  const found = (directory: Directory, module: string) => directory.addressesOf(module)!.list

  test('finds who has joined, in its own hall, until they leave or are heard of no more', async () => {
    const ground = await prepare()
    const hall = randomUUID()
    const [one, two, three] = [
      announced('http://one:1'),
      announced('http://two:2'),
      announced('http://three:3', ['inventory']),
    ]
    const joining = await Promise.all([openIn(ground, hall), openIn(ground, hall), openIn(ground, hall)])
    const stranger = await openIn(ground, randomUUID())
    await stranger.join(announced('http://stranger:9'))
    for (const [index, own] of [one, two, three].entries()) await joining[index]!.join(own)
    const looking = await openIn(ground, hall)
    onTestFinished(async () => {
      for (const each of [joining[0], joining[2], stranger, looking]) await each.close()
    })
    expect(found(looking, 'orders')).toEqual(['http://one:1', 'http://two:2'])
    expect(found(looking, 'inventory')).toEqual(['http://three:3'])
    expect(looking.addressesOf('payments')).toBeUndefined()
    await joining[0].leave()
    await eventually(
      async () => found(looking, 'orders'),
      (list) => list.length === 1,
    )
    expect(found(looking, 'orders')).toEqual(['http://two:2'])
    await joining[1].close()
    await ground.forget(hall, two.id)
    await eventually(
      async () => found(looking, 'orders'),
      (list) => list.length === 0,
    )
    expect(found(looking, 'inventory')).toEqual(['http://three:3'])
  })
})

test('a directory tells once who has come, and once who is gone', async () => {
  const told: { process: string; address: string; msg: string }[] = []
  const log = createLog({ level: 'info', destination: { write: (line) => void told.push(JSON.parse(line)) } })
  let all = [
    { ...announced('http://one:1'), load: 0 },
    { ...announced('http://other:1', ['payments']), load: 0 },
  ]
  const registry = { renew: async () => all, leave: async () => undefined, close: async () => undefined }
  const directory = new Directory({ elsewhere: new Map(), registered, registry, log })
  onTestFinished(() => directory.close())
  await directory.open()
  const own = announced('http://two:2')
  await directory.join(own)
  expect(told).toMatchObject([{ address: 'http://one:1', msg: 'an instance of a process has announced itself' }])
  all = []
  await directory.join(own)
  expect(told.slice(1)).toMatchObject([
    { address: 'http://one:1', msg: expect.stringContaining('is not announced any more') },
  ])
})

test('a directory that is out of reach is believed as it was known last', async () => {
  const all = [{ ...announced('http://one:1'), load: 0 }]
  let isAway = false
  const directory = new Directory({
    elsewhere: new Map([['catalog', ['http://127.0.0.1:7']]]),
    registered,
    registry: {
      renew: () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve(all)),
      leave: () => Promise.resolve(),
      close: () => Promise.resolve(),
    },
    log: quietLog,
  })
  onTestFinished(() => directory.close())
  await directory.open()
  isAway = true
  await directory.join(announced('http://two:2'))
  expect(directory.addressesOf('orders')!.list).toEqual(['http://one:1'])
  expect(directory.addressesOf('catalog')!.list).toEqual(['http://127.0.0.1:7'])
})
