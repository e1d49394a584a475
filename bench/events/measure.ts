/**
 * Events from commit to applied by three listeners, announcer and worker in processes of their own: how many per second
 * steadily, how many while a backlog drains, and how long a lone one takes. The same where whoever gives them their places is
 * in another process than whoever applies them, with the queues between; and with one BullMQ job per event and listener.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { acquirePostgres, removePostgres } from '#platform/data/embedded-postgres'
import { prepareDatabase } from '#platform/data/migrate'
import { createLog } from '#platform/log'
import { startRedis } from '#testing/cluster'
import pg from 'pg'
import { percentile } from '../load.ts'
import type { ShopOptions } from '../shop-options.ts'
import { type Child, type Role, startChild } from './children.ts'
import { measureOrders, type OrderFigures } from './orders.ts'
import { ANNOUNCER, LISTENERS, prepareStalls, STALLS } from './stalls.ts'

export type Backend = 'postgres' | 'redis'
export type Rates = { steadyPerSecond: number; drainPerSecond: number }
type Carried = { steadyPerSecond: number; idleP50Ms: number }
export type HallFigures = Rates & {
  idleP50Ms: number
  /** The rate at which the backlog grew that was then drained. */
  growPerSecond: number
  /** Where each command has an idempotency key. */
  keyedPerSecond: number
  /** Where a queue carries the events from a sequencer to another process. */
  carried: Carried
}
export type EventFigures = Partial<Record<Backend, HallFigures>> & {
  onePerEvent: Partial<Record<Backend, Rates>>
  orders: OrderFigures
}

const SIDE_BY_SIDE = 32
/** How many events may be announced and not applied while the steady rate is measured: it is that of all, not of the first. */
const OUTSTANDING_MAX = 1_500
const PORTION = 250
const WARM_UP_SECONDS = 3
const BACKLOG = { hall: 30_000, plain: 4_000 }
const IDLE_EVENTS = 40
const IDLE_PAUSE_MS = 250
const LOOK_MS = 20

type Stage = {
  settings: Readonly<Record<string, string>>
  /** The processes that apply. */
  workers: readonly Role[]
  /** How many events all listeners have applied. */
  applied(): Promise<number>
  options: ShopOptions
}

/** Measures on PostgreSQL, and on Redis where there is one, and leaves nothing behind. */
export async function measureEvents(options: ShopOptions): Promise<EventFigures> {
  const dataDir = await mkdtemp(join(tmpdir(), 'markethall-bench-'))
  // The database's user, who is not root, must be able to enter.
  await chmod(dataDir, 0o755)
  try {
    await using redis = disposable(await startRedis(dataDir))
    const figures: EventFigures = { onePerEvent: {}, orders: await measureOrders(options) }
    for (const backend of ['postgres', 'redis'] as const) {
      if (backend === 'redis' && redis.url === undefined) continue
      const redisUrl = backend === 'redis' ? redis.url : undefined
      figures[backend] = await measureHall({ dataDir, redisUrl, options })
      figures.onePerEvent[backend] = await measurePlain({ dataDir, redisUrl, options })
    }
    return figures
  } finally {
    await removePostgres(dataDir)
    await rm(dataDir, { recursive: true, force: true })
  }
}

type Where = { dataDir: string; redisUrl: string | undefined; options: ShopOptions }

async function measureHall(where: Where): Promise<HallFigures> {
  await using ground = await openGround(where)
  const { client, settings } = ground
  const parts = LISTENERS.map(
    (name) => `(SELECT coalesce(sum(position), 0) FROM ${name}.cursors WHERE source = '${ANNOUNCER}')`,
  )
  const stage: Stage = {
    settings,
    options: where.options,
    workers: ['worker'],
    applied: async () => {
      const { rows } = await client.query<{ applied: string }>({
        name: 'applied',
        text: `SELECT least(${parts.join(', ')}) AS applied`,
      })
      return Number(rows[0]!.applied)
    },
  }
  const say = where.options.progress
  const on = where.redisUrl === undefined ? 'PostgreSQL' : 'Redis'
  await using announcer = await startChild('announcer', settings)
  say(`Measuring events on ${on}: steadily.`)
  const atWork = await whileWorked(stage, async () => {
    const steadyPerSecond = await steadily(stage, announcer)
    say(`Measuring events on ${on}: each of a command with a key.`)
    const keyedPerSecond = await steadily(stage, announcer, { isKeyed: true })
    say(`Measuring events on ${on}: alone.`)
    return { steadyPerSecond, keyedPerSecond, idleP50Ms: await alone(stage, announcer) }
  })
  say(`Measuring events on ${on}: carried to another process.`)
  const apart: Stage = { ...stage, workers: ['listener', 'sequencer'] }
  const carried = await whileWorked(apart, async () => ({
    steadyPerSecond: await steadily(apart, announcer),
    idleP50Ms: await alone(apart, announcer),
  }))
  say(`Measuring events on ${on}: a backlog.`)
  return { ...atWork, carried, ...(await backlog(stage, announcer, BACKLOG.hall)) }
}

async function measurePlain(where: Where): Promise<Rates> {
  await using ground = await openGround(where)
  const { client, settings } = ground
  const parts = LISTENERS.map((name) => `(SELECT count(*) FROM ${name}.bench_written)`)
  const stage: Stage = {
    settings,
    options: where.options,
    workers: ['plain worker'],
    applied: async () => {
      const { rows } = await client.query<{ applied: string }>({
        name: 'applied',
        text: `SELECT least(${parts.join(', ')}) AS applied`,
      })
      return Number(rows[0]!.applied)
    },
  }
  where.options.progress('The same with one job per event and listener.')
  await using announcer = await startChild('plain announcer', settings)
  const steadyPerSecond = await whileWorked(stage, () => steadily(stage, announcer))
  const { drainPerSecond } = await backlog(stage, announcer, BACKLOG.plain)
  return { steadyPerSecond, drainPerSecond }
}

/** A database of its own with the stalls' tables, and what the processes are told of it. */
async function openGround({ dataDir, redisUrl }: Where) {
  const stack = new AsyncDisposableStack()
  try {
    const postgres = stack.use(await acquirePostgres({ dataDir }))
    const name = `bench_${Date.now()}`
    const admin = new pg.Client({ connectionString: postgres.url })
    await admin.connect()
    await admin.query(`CREATE DATABASE ${name}`)
    await admin.end()
    const databaseUrl = Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href
    const log = createLog({ level: 'warn', name: 'bench' })
    await prepareDatabase({ url: databaseUrl, modules: STALLS, rolePrefix: undefined, log })
    await prepareStalls(databaseUrl)
    const client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
    stack.defer(() => client.end())
    const settings = {
      DATABASE_URL: databaseUrl,
      DATA_DIR: dataDir,
      HALL_SECRET: `the secret of the benchmark ${name}`,
      LOG_LEVEL: 'warn',
      ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
    }
    return { client, settings, [Symbol.asyncDispose]: () => stack.disposeAsync() }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

async function whileWorked<Result>({ workers, settings }: Stage, work: () => Promise<Result>): Promise<Result> {
  await using stack = new AsyncDisposableStack()
  for (const role of workers) stack.use(await startChild(role, settings))
  return await work()
}

/** How many events per second are applied while as many are announced as are applied. */
async function steadily(stage: Stage, announcer: Child, { isKeyed = false } = {}): Promise<number> {
  const { seconds, signal } = stage.options
  let announced = await stage.applied()
  const ends = new AbortController()
  const announcing = (async () => {
    while (!ends.signal.aborted) {
      signal.throwIfAborted()
      const outstanding = announced - (await stage.applied())
      if (outstanding > OUTSTANDING_MAX - PORTION) {
        await pause(LOOK_MS)
        continue
      }
      await announcer.announce({ count: PORTION, sideBySide: SIDE_BY_SIDE, isKeyed })
      announced += PORTION
    }
  })()
  await pause(WARM_UP_SECONDS * 1000)
  const before = await stage.applied()
  const begun = performance.now()
  await pause(seconds * 1000)
  const after = await stage.applied()
  const took = performance.now() - begun
  ends.abort()
  await announcing
  await untilApplied(stage, announced)
  return ((after - before) / took) * 1000
}

/** Half of the lone events take longer than this, in milliseconds, from their commit until the last listener's. */
async function alone(stage: Stage, announcer: Child): Promise<number> {
  const samples: number[] = []
  let announced = await stage.applied()
  for (let turn = 0; turn < IDLE_EVENTS; turn += 1) {
    await pause(IDLE_PAUSE_MS)
    await announcer.announce({ count: 1, sideBySide: 1, isKeyed: false })
    const begun = performance.now()
    announced += 1
    while ((await stage.applied()) < announced) await pause(1)
    samples.push(performance.now() - begun)
  }
  return percentile(samples, 0.5)
}

/** Announces while nobody listens, then has it worked off. */
async function backlog(stage: Stage, announcer: Child, count: number) {
  const before = await stage.applied()
  const begun = performance.now()
  await announcer.announce({ count, sideBySide: SIDE_BY_SIDE, isKeyed: false })
  const growPerSecond = (count / (performance.now() - begun)) * 1000
  return whileWorked(stage, async () => {
    const ready = performance.now()
    // It has begun before it said so.
    const early = (await stage.applied()) - before
    await untilApplied(stage, before + count)
    return { drainPerSecond: ((count - early) / (performance.now() - ready)) * 1000, growPerSecond }
  })
}

async function untilApplied({ applied, options }: Stage, wanted: number): Promise<void> {
  for (;;) {
    options.signal.throwIfAborted()
    const now = await applied()
    if (now > wanted) throw new Error(`${now} events were applied where ${wanted} were announced.`)
    if (now === wanted) return
    await pause(LOOK_MS)
  }
}

const disposable = (redis: { url: string; close(): Promise<void> } | undefined) => ({
  url: redis?.url,
  [Symbol.asyncDispose]: async () => redis?.close(),
})
