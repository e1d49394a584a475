/** A rebuild is gone on with by whoever is there, from where it ended; by another release, from its beginning. */
import { randomBytes } from 'node:crypto'
import { listeningOf } from '#platform/events/apply'
import type { JournalReader } from '#platform/events/follower'
import { Rebuilder } from '#platform/rebuild/rebuilder'
import { databaseUrlOf, withClient } from '#testing/cluster'
import { eventually } from '#testing/eventually'
import { startTestHall, type TestHall } from '#testing/hall'
import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { startProgram } from './processes/program.ts'
import { callsOf } from './processes/trading.ts'
import { openWorld, type World } from './processes/world.ts'
import { counting, figuresOf, hasCopy, openGate, tellOrders, waitingAtGates } from './rebuilds/figures.ts'

const openHall = async (orders: number): Promise<TestHall> => {
  const hall = await startTestHall({ modules: counting })
  await tellOrders(hall.sql, { from: 1, to: orders })
  await hall.settle()
  return hall
}

/** How far the copy is, and which copy it is: one that is made anew is another. */
async function copyOf(sql: World['sql']) {
  const [row] = await sql<{ applied: number; oid: string }>(
    `select coalesce((select sum(position)::int from reporting_copy.cursors), 0) as applied, 'reporting_copy'::regnamespace::oid::text as oid`,
  )
  return row!
}

/** Does the rebuild that runs, a few events at a time, until the journal was asked for so many batches. */
async function workBatches(hall: TestHall, batches: number): Promise<void> {
  const { runtime, assembly, reader } = hall.processes[0]!.hosted.get('reporting')!
  const stopping = new AbortController()
  let asked = 0
  const counted: JournalReader = {
    ...reader,
    after(...given) {
      asked += 1
      if (asked > batches) {
        stopping.abort()
        return Promise.reject(new Error('This process has ended.'))
      }
      return reader.after(...given)
    },
  }
  const rebuilder = new Rebuilder({
    runtime,
    listening: listeningOf('reporting', assembly.listeners!),
    sources: ['orders'],
    reader: counted,
    stopping: stopping.signal,
    tellFailed: (error) => expect.unreachable(String(error)),
    batchMax: 5,
  })
  await rebuilder.round()
  expect(stopping.signal.aborted).toBe(true)
}

test('one that was left in the middle is gone on with from there, and nothing is counted twice', async () => {
  await using hall = await openHall(600)
  const figures = await figuresOf(hall.sql)
  const { id } = await hall.calls.reporting.rebuild.mutate({})
  await workBatches(hall, 12)
  const left = await copyOf(hall.sql)
  expect(left.applied).toBe(60)
  await workBatches(hall, 8)
  expect(await copyOf(hall.sql)).toEqual({ applied: 100, oid: left.oid })
  await hall.settle()
  expect(await hall.calls.reporting.rebuildShow.query({ id })).toMatchObject({ state: 'swapped', applied: 600 })
  expect(await figuresOf(hall.sql)).toEqual(figures)
})

test('one that a release fell into is begun again by those who know the tables, and left alone by those who do not', async () => {
  await using hall = await openHall(600)
  const figures = await figuresOf(hall.sql)
  const { id } = await hall.calls.reporting.rebuild.mutate({})
  await workBatches(hall, 4)
  const old = await copyOf(hall.sql)
  // A later release has migrated the tables: this one keeps its hands off the copy.
  await hall.sql(`insert into migrations.reporting_migrations (hash, created_at) values ('later', 9999999999999)`)
  await expect(hall.processes[0]!.round({ resumeSagas: false })).rejects.toThrow('migrated by another release')
  expect(await copyOf(hall.sql)).toEqual(old)
  expect(await hall.calls.reporting.rebuildShow.query({ id })).toMatchObject({ state: 'running' })
  await hall.sql(`delete from migrations.reporting_migrations where hash = 'later'`)
  // The copy was made by an earlier release.
  await hall.sql(`comment on schema reporting_copy is '${id} 1'`)
  await workBatches(hall, 4)
  const fresh = await copyOf(hall.sql)
  expect(fresh.oid).not.toBe(old.oid)
  expect(fresh.applied).toBe(20)
  // And one whose rebuild nobody knows any more.
  await hall.sql(`comment on schema reporting_copy is 'reb_unknown 1'`)
  await hall.settle()
  expect(await hall.calls.reporting.rebuildShow.query({ id })).toMatchObject({ state: 'swapped' })
  expect(await figuresOf(hall.sql)).toEqual(figures)
  expect(await hasCopy(hall.sql)).toBe(false)
})

test('one that cannot succeed fails with its reason, leaves all as it was, and another may begin', async () => {
  await using hall = await openHall(50)
  const figures = await figuresOf(hall.sql)
  const failureOf = async () => {
    const { id } = await hall.calls.reporting.rebuild.mutate({})
    await hall.settle()
    expect(await hasCopy(hall.sql)).toBe(false)
    expect(await figuresOf(hall.sql)).toEqual(figures)
    return hall.calls.reporting.rebuildShow.query({ id })
  }
  // Something else hangs on a live table.
  await hall.sql('create view reporting.watched as select * from reporting.sold_orders')
  expect(await failureOf()).toMatchObject({ state: 'failed', failure: expect.stringContaining('view watched depends') })
  await hall.sql('drop view reporting.watched')
  // The journal has lost its beginning.
  await hall.sql(`update orders.journal set lane = 9 where position = 1`)
  expect(await failureOf()).toMatchObject({
    state: 'failed',
    failure: expect.stringMatching(/^The journal of orders has no event 1/),
  })
})

test.each(['kill', 'stop'] as const)(
  'where its process is left in the middle by a %s, another worker goes on; of two, one works at a time',
  { timeout: 120_000 },
  async (end) => {
    await using world = await openWorld({ provider: 'elsewhere' })
    await using programs = new AsyncDisposableStack()
    const startWorker = async () => {
      const worker = startProgram('workers/main.ts', [], world.env)
      programs.defer(() => worker.kill().then(() => undefined))
      await worker.line(/^Markethall's worker is ready/)
      return worker
    }
    const hall = await world.startHall({ WORKERS: 'off' })
    const { reporting } = await callsOf(world, hall.url)
    const first = await startWorker()
    await tellOrders(world.sql, { from: 1, to: 1500 })
    await eventually(
      () => world.sql<{ sum: number }>(`select sum(orders)::int as sum from reporting.sales_by_day`),
      ([row]) => row?.sum === 1500,
      60_000,
    )
    const figures = await figuresOf(world.sql)
    await using gate = await openGate(world.env['DATABASE_URL']!)
    await using next = await openGate(world.env['DATABASE_URL']!)
    await gate.shut()
    const { id } = await reporting.rebuild.mutate({})
    const waiting = (count: number) =>
      eventually(
        () => waitingAtGates(world.sql),
        (at) => at === count,
      )
    await waiting(1)
    const shut = next.shut()
    await waiting(2)
    // One batch passes, and the next one stands before the second gate.
    await gate.open()
    await shut
    await waiting(1)
    const left = await copyOf(world.sql)
    expect(left.applied).toBeGreaterThan(0)
    expect(left.applied).toBeLessThan(1500)
    // Who is killed is gone; who is told to stop ends its batch first.
    const ending = first[end]()
    const others = await Promise.all([startWorker(), startWorker()])
    await next.open()
    await ending
    const look = () => reporting.rebuildShow.query({ id })
    const seen = await eventually(look, ({ state }) => state !== 'running', 60_000)
    expect(seen).toMatchObject({ state: 'swapped', applied: 1500, failure: null })
    expect(await figuresOf(world.sql)).toEqual(figures)
    expect(await hasCopy(world.sql)).toBe(false)
    for (const other of others) {
      await other.stop()
      expect(other.err.filter((line) => line.includes('rebuild'))).toEqual([])
    }
  },
)

test('a login that may not create roles makes the copy all the same', async () => {
  const { databaseUrl } = inject('cluster')
  const name = `limited_${randomBytes(6).toString('hex')}`
  await withClient(databaseUrl, async (client) => {
    await client.query(`create role ${name} login password '${name}' nocreaterole nosuperuser`)
    await client.query(`create database ${name} owner ${name}`)
  })
  const url = new URL(databaseUrlOf(databaseUrl, name))
  url.username = name
  url.password = name
  const env = { DATABASE_URL: url.href, ROLE_PREFIX: name }
  await using hall = await startTestHall({ modules: counting, env })
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  try {
    const sql: World['sql'] = async (text, values) => (await client.query(text, values)).rows
    await tellOrders(sql, { from: 1, to: 100 })
    const round = async () => {
      while (Object.values(await hall.processes[0]!.round({ resumeSagas: false })).some((count) => count > 0));
    }
    await round()
    const figures = await figuresOf(sql)
    expect(figures.length).toBeGreaterThan(100)
    const { id } = await hall.calls.reporting.rebuild.mutate({})
    await round()
    expect(await hall.calls.reporting.rebuildShow.query({ id })).toMatchObject({ state: 'swapped', applied: 100 })
    expect(await figuresOf(sql)).toEqual(figures)
    expect(await sql(`select rolname from pg_roles where rolname like '${name}\\_%'`)).toEqual([])
  } finally {
    await client.end()
  }
})
