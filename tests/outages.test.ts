/** What the hall works with goes away and comes back: nothing has to be started again. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { prepareDatabase } from '#platform/data/migrate'
import { createLog } from '#platform/log'
import { freePort, startRedis } from '#testing/cluster'
import { eventually } from '#testing/eventually'
import { startTestHall, type TestHall } from '#testing/hall'
import { expect, inject, test } from 'vitest'
import { openWorld } from './processes/world.ts'
import { buy, openShop } from './shop.ts'

const mug = [{ sku: 'MUG', quantity: 1 }]

/** Ends every connection of the hall to its database, those of its queues too. */
const cutConnections = (hall: TestHall) =>
  hall.sql<{ cut: number }>(
    `select count(pg_terminate_backend(pid))::int as cut from pg_stat_activity
     where datname = current_database() and application_name like 'markethall%'`,
  )

const isPaid = (hall: TestHall, orders: number) =>
  eventually(
    () => hall.sql<{ paid: number }>(`select count(*)::int as paid from "orders".orders where state = 'paid'`),
    ([row]) => row!.paid === orders,
  )

test('a transaction whose connection is cut between two statements fails alone, and the next one does not', async () => {
  await using hall = await startTestHall({ modules: ['pricing'] })
  const { database } = hall.processes[0]!.hosted.get('pricing')!.runtime
  const cut = database.transaction(async ({ client }) => {
    await client.query('select 1')
    const [row] = await cutConnections(hall)
    expect(row!.cut).toBeGreaterThan(0)
    await eventually(
      () =>
        hall.sql(`select 1 from pg_stat_activity where application_name = 'markethall pricing'
        and datname = current_database()`),
      (rows) => rows.length === 0,
    )
    await client.query('select 2')
  })
  await expect(cut).rejects.toThrow()
  const answer = await database.transaction(({ client }) => client.query('select 3 as three'))
  expect(answer.rows).toEqual([{ three: 3 }])
})

test('a hall whose connections are all cut, again and again, goes on by itself', async () => {
  await using hall = await openShop('near', { works: true })
  for (let round = 1; round <= 3; round += 1) {
    await cutConnections(hall)
    // Who asks at that instant may be refused; whoever asks again is not.
    await eventually(
      () =>
        buy(hall, mug).then(
          () => true,
          () => false,
        ),
      (isBought) => isBought,
    )
  }
  const [placed] = await hall.sql<{ orders: number }>('select count(*)::int as orders from "orders".orders')
  expect(placed!.orders).toBeGreaterThanOrEqual(3)
  await isPaid(hall, placed!.orders)
  await hall.settle()
})

test.skipIf(inject('cluster').redisUrl === undefined)('a Redis that is gone and back is used again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'markethall-redis-'))
  const first = (await startRedis(folder))!
  let second: typeof first | undefined
  try {
    const env = { REDIS_URL: first.url }
    // Without sweeps nothing but the queues carries what is bought after.
    await using hall = await openShop('near', { works: true, sweeps: false, env })
    await buy(hall, mug)
    await isPaid(hall, 1)
    await first.close()
    const during = await buy(hall, mug)
    expect(during.orderId).toMatch(/^ord_/)
    second = await startRedis(folder, first.port)
    // What was announced meanwhile is pulled by whoever is told of what is announced next.
    const ordersPaid = await eventually(
      async () => {
        await buy(hall, mug).catch(() => undefined)
        return hall.sql<{ paid: number }>(`select count(*)::int as paid from "orders".orders where state = 'paid'`)
      },
      ([row]) => row!.paid >= 3,
    )
    expect(ordersPaid[0]!.paid).toBeGreaterThanOrEqual(3)
    await hall.settle()
  } finally {
    await (second ?? first).close()
    await rm(folder, { recursive: true, force: true })
  }
})

test.skipIf(inject('cluster').redisUrl === undefined)(
  'a hall opens without its Redis, sells, says once what is missing, and uses it when it comes',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'markethall-redis-'))
    await using stack = new AsyncDisposableStack()
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    const port = await freePort()
    await using world = await openWorld({ redisUrl: `redis://127.0.0.1:${port}`, provider: 'elsewhere' })
    const hall = await world.startHall({ DEMO: 'on' })
    const readiness = async () => (await fetch(`${hall.url}/readyz`)).json()
    expect(await readiness()).toEqual({ status: 'degraded', problems: ['the queues cannot be reached'] })
    const bought = async () => {
      const run = promisify(execFile)
      const line = ['src/hall.ts', 'buy', 'CANDLE-BEESWAX-SHORT', '--json', '--url', hall.url]
      return JSON.parse((await run(process.execPath, line)).stdout) as { orderId: string }
    }
    const isPaidNow = (orderId: string) =>
      eventually(
        () => world.sql<{ state: string }>('select state from "orders".orders where id = $1', [orderId]),
        ([order]) => order?.state === 'paid',
      )
    // Paid by the sweeps alone: the job that takes the money is nowhere but in its table.
    await isPaidNow((await bought()).orderId)
    const told = hall.err.filter((line) => line.includes('the queues cannot be reached'))
    expect(told).toEqual([expect.stringContaining(`See that Redis at 127.0.0.1:${port} runs.`)])
    expect(hall.err).toEqual(told)
    const redis = (await startRedis(folder, port))!
    stack.defer(() => redis.close())
    await eventually(readiness, (answer) => (answer as { status: string }).status === 'ready')
    await isPaidNow((await bought()).orderId)
    expect(hall.err).toEqual(told)
    expect(await hall.stop()).toEqual({ code: 0, signal: null })
  },
)

test.skipIf(inject('cluster').redisUrl === undefined)(
  'a hall that never had its Redis ends when asked to',
  async () => {
    await using world = await openWorld({ redisUrl: `redis://127.0.0.1:${await freePort()}`, provider: 'elsewhere' })
    const hall = await world.startHall()
    expect(await hall.stop()).toEqual({ code: 0, signal: null })
  },
)

test('a database that a later release has migrated is not touched by this one', async () => {
  await using hall = await startTestHall({ modules: ['pricing'] })
  await hall.sql(
    `insert into migrations.pricing_migrations (hash, created_at) values ('of a later release', 4102444800000)`,
  )
  const log = createLog({ level: 'silent', name: 'test' })
  const rolePrefix = inject('cluster').template
  const start = prepareDatabase({ url: hall.config.databaseUrl!, modules: ['pricing'], rolePrefix, log })
  await expect(start).rejects.toThrow(/pricing were brought up to date by a later release/)
  await expect(
    prepareDatabase({ url: hall.config.databaseUrl!, modules: ['audit'], rolePrefix, log }),
  ).resolves.toBeDefined()
})
