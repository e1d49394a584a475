/** While tables are made again, the hall goes on: it counts what is new, answers whoever reads, and is whole at every instant. */
import { listeningOf } from '#platform/events/apply'
import { atOnePlace } from '#platform/rebuild/at-one-place'
import { positionsIn } from '#platform/rebuild/catch-up'
import { openCopy } from '#platform/rebuild/copy'
import { withClient } from '#testing/cluster'
import { eventually } from '#testing/eventually'
import { startTestHall, type TestHall } from '#testing/hall'
import pg from 'pg'
import { expect, test } from 'vitest'
import { counting, december, figuresOf, hasCopy, openGate, tellOrders, waitingAtGates } from './rebuilds/figures.ts'
import { refused } from './shop.ts'

const swaps = 5

const ended = (hall: TestHall, id: string) =>
  eventually(
    () => hall.calls.reporting.rebuildShow.query({ id }),
    ({ state }) => state !== 'running',
    60_000,
  )

const counted = (hall: TestHall, orders: number) =>
  eventually(
    () => hall.calls.reporting.sales.query(december),
    (sales) => sales.orders === orders && sales.behind === 0,
    60_000,
  )

test(`whoever reads sees whole figures that never go back, by statements prepared long ago, through ${swaps} swaps`, async () => {
  await using hall = await startTestHall({ modules: counting, works: true })
  await tellOrders(hall.sql, { from: 1, to: 1000 })
  await counted(hall, 1000)
  const reader = await openReader(hall)
  const stopping = new AbortController()
  const reads = Promise.all([() => read(hall), reader.read].map((each) => readAgainAndAgain(stopping.signal, each)))
  reads.catch(() => undefined)
  let told = 1000
  try {
    for (let swap = 1; swap <= swaps; swap += 1) {
      const { id } = await hall.calls.reporting.rebuild.mutate({})
      // Live events all the while.
      const ending = ended(hall, id)
      for (let batch = 0; batch < 3; batch += 1) {
        await tellOrders(hall.sql, { from: told + 1, to: told + 20 })
        told += 20
        await counted(hall, told)
      }
      expect(await ending).toMatchObject({ state: 'swapped', failure: null })
    }
  } finally {
    stopping.abort()
  }
  for (const times of await reads) expect(times).toBeGreaterThan(swaps)
  expect(await reader.statements()).toBe(1)
  await reader.close()
  await counted(hall, told)
  // Once each, in the tables that are live now: what a last look at the journals says, too.
  const dry = await hall.calls.reporting.rebuild.mutate({ dryRun: true })
  expect(await ended(hall, dry.id)).toMatchObject({ state: 'compared', differences: [], total: told })
  expect(await hasCopy(hall.sql)).toBe(false)
})

/** What is read, as how many orders it shows. Throws where it is not whole: all orders are of 100. */
async function read(hall: TestHall): Promise<number> {
  const sales = await hall.calls.reporting.sales.query(december)
  const { countries } = await hall.calls.reporting.countries.query(december)
  const { products } = await hall.calls.reporting.products.query(december)
  expect(sales.grossMinor).toBe(sales.orders * 100)
  expect(sales.byDay).toHaveLength(28)
  expect(countries).toHaveLength(1)
  expect(products).toHaveLength(40)
  const later = products.reduce((sum, { orders }) => sum + orders, 0)
  expect(later).toBeGreaterThanOrEqual(countries[0]!.orders)
  expect(countries[0]!.orders).toBeGreaterThanOrEqual(sales.orders)
  return sales.orders
}

/** A connection of reporting's role that asks by one named statement, over all tables at once. */
async function openReader(hall: TestHall) {
  const role = `${hall.config.rolePrefix}_reporting`
  const client = new pg.Client({
    connectionString: hall.config.databaseUrl!,
    options: `-c role=${role} -c plan_cache_mode=force_generic_plan`,
  })
  await client.connect()
  const statement = {
    name: 'all',
    text: `select (select count(*) from "reporting"."sold_orders")::int as sold, (select sum(orders) from "reporting"."sales_by_day")::int as days,
      (select sum(orders) from "reporting"."sales_by_country")::int as countries, (select sum(units) from "reporting"."sales_by_product")::int as units`,
  }
  return {
    async read(): Promise<number> {
      const { rows } = await client.query<{ sold: number; days: number; countries: number; units: number }>(statement)
      const { sold, ...sums } = rows[0]!
      expect(sums).toEqual({ days: sold, countries: sold, units: sold })
      return sold
    },
    async statements(): Promise<number> {
      const { rows } = await client.query(
        `select count(*)::int as count from pg_prepared_statements where name = 'all'`,
      )
      return rows[0].count as number
    },
    close: () => client.end(),
  }
}

/** Reads until told to stop. Returns how often; throws where anything fails, or a figure goes back. */
async function readAgainAndAgain(stopping: AbortSignal, look: () => Promise<number>): Promise<number> {
  let last = 0
  for (let reads = 0; ; reads += 1) {
    if (stopping.aborted) return reads
    const seen = await look()
    expect(seen).toBeGreaterThanOrEqual(last)
    last = seen
  }
}

test('a half-made copy is seen by nobody, is worked by one process, and holds up neither events nor readers', async () => {
  await using hall = await startTestHall({ modules: counting, works: true })
  await tellOrders(hall.sql, { from: 1, to: 300 })
  await counted(hall, 300)
  await using gate = await openGate(hall.config.databaseUrl!)
  await gate.shut()
  const { id } = await hall.calls.reporting.rebuild.mutate({})
  await eventually(
    () => waitingAtGates(hall.sql),
    (waiting) => waiting === 1,
  )
  // Live goes on, and shows what is new.
  await tellOrders(hall.sql, { from: 301, to: 320 })
  await counted(hall, 320)
  expect(await hall.calls.reporting.rebuildShow.query({})).toMatchObject({ id, state: 'running', total: 300 })
  await expect(hall.calls.reporting.rebuild.mutate({})).rejects.toMatchObject(refused('platform.rebuilding'))
  // Another process that works the queues leaves it alone.
  await hall.processes[0]!.round({ resumeSagas: false })
  expect(await waitingAtGates(hall.sql)).toBe(1)
  await withClient(hall.config.databaseUrl!, async (other) => {
    const seenBy = async (role: string, table: string) => {
      await other.query(`begin; set local role ${role}`)
      const seen = await other.query(`select count(*) from ${table}`).then(
        () => 'seen',
        ({ code }: { code: string }) => code,
      )
      await other.query('rollback')
      return seen
    }
    const role = `${hall.config.rolePrefix}_reporting`
    const denied = '42501'
    expect(await seenBy(role, 'reporting.sold_orders')).toBe('seen')
    expect(await seenBy(role, 'reporting_copy.sold_orders')).toBe(denied)
    expect(await seenBy(`${hall.config.rolePrefix}_orders`, 'reporting_copy.sold_orders')).toBe(denied)
    expect(await seenBy(`${role}_copy`, 'reporting_copy.sold_orders')).toBe('seen')
    // What the copy's connections are asked by mistake is refused, and no live row is touched.
    expect(await seenBy(`${role}_copy`, 'reporting.sold_orders')).toBe(denied)
    expect(await seenBy(`${role}_copy`, 'orders.journal')).toBe(denied)
  })
  await gate.open()
  expect(await ended(hall, id)).toMatchObject({ state: 'swapped', applied: 320, total: 320 })
  await counted(hall, 320)
  expect((await figuresOf(hall.sql)).filter((row) => row.startsWith('sold_orders '))).toHaveLength(320)
})

test('a swap gives way to who has a table for long, and takes place after that', async () => {
  await using hall = await startTestHall({ modules: counting, works: true })
  await tellOrders(hall.sql, { from: 1, to: 50 })
  await counted(hall, 50)
  await withClient(hall.config.databaseUrl!, async (other) => {
    await other.query('begin; select count(*) from reporting.sold_orders')
    const { id } = await hall.calls.reporting.rebuild.mutate({})
    // It has tried, and let go of everything.
    const tried = `select count(*)::int as count from pg_locks where relation = 'reporting.sold_orders'::regclass and not granted`
    await eventually(
      () => hall.sql(tried),
      ([row]) => row!['count'] === 1,
    )
    await eventually(
      () => hall.sql(tried),
      ([row]) => row!['count'] === 0,
    )
    expect(await hall.calls.reporting.rebuildShow.query({ id })).toMatchObject({ state: 'running' })
    await tellOrders(hall.sql, { from: 51, to: 60 })
    await counted(hall, 60)
    await other.query('commit')
    expect(await ended(hall, id)).toMatchObject({ state: 'swapped', total: 60 })
  })
  await counted(hall, 60)
})

test('while the copy takes its place nothing moves a cursor, of a lane that is new neither, and all may be read', async () => {
  await using hall = await startTestHall({ modules: counting })
  await tellOrders(hall.sql, { from: 1, to: 1 })
  await hall.settle()
  const { runtime, assembly, reader } = hall.processes[0]!.hosted.get('reporting')!
  const { id } = await hall.calls.reporting.rebuild.mutate({})
  const stopping = new AbortController().signal
  const copy = await openCopy(runtime, id, stopping)
  const listening = listeningOf('reporting', assembly.listeners!)
  const rebuilding = { id, live: runtime, copy, sources: ['orders'], listening, reader, stopping, batchMax: 10 }
  let settling: Promise<unknown> | undefined
  await atOnePlace(rebuilding, async (_transaction, at) => {
    expect(await positionsIn(copy.runtime.database.pool, ['orders'])).toEqual(at)
    await tellOrders(hall.sql, { from: 2, to: 40 })
    settling = hall.processes[0]!.round({ resumeSagas: false })
    const waiting = `select count(*)::int as count from pg_locks where relation = 'reporting.cursors'::regclass and not granted`
    await eventually(
      () => hall.sql(waiting),
      ([row]) => row!['count'] > 0,
    )
    expect(await hall.calls.reporting.sales.query(december)).toMatchObject({ orders: 1, behind: 39 })
  })
  await copy.close()
  await settling
  await hall.settle()
  expect(await hall.calls.reporting.rebuildShow.query({ id })).toMatchObject({ state: 'swapped', total: 40 })
  expect(await hall.calls.reporting.sales.query(december)).toMatchObject({ orders: 40, behind: 0 })
})
