/**
 * `npm run bench -- rivals`: the same work on Medusa and Vendure, on this machine. They are installed below `bench/rivals/`, which
 * takes a gigabyte and some minutes, and only when they are asked for.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { acquirePostgres, removePostgres } from '#platform/data/embedded-postgres'
import { freePort } from '#platform/data/postgres-server'
import { Pool } from 'undici'
import { percentile, runLoad, timePurchase } from '../load.ts'
import { openPostgresTap } from '../postgres-tap.ts'
import { CONNECTIONS, type ShopOptions } from '../shop-options.ts'
import { medusa } from './drive-medusa.ts'
import type { RivalProcess } from './processes.ts'
import type { Rival, Shopper } from './rival.ts'
import { vendure } from './drive-vendure.ts'

export type RivalFigures = {
  name: string
  listsPerSecond: number
  getsPerSecond: number
  searchesPerSecond: number
  ordersPerSecond: number
  checkoutP95Ms: number
  checkoutLoneMs: number
  queriesPerCheckout: number
  rssMb: number
  startMs: number
}

const rivals: Record<string, Rival> = { vendure, medusa }
export const rivalNames = Object.keys(rivals)

const WARM_UP_SECONDS = 3
const LONE_CHECKOUTS = 20
const COUNTED_CHECKOUTS = 10
const BACKGROUND_MS = 3_000

/** Measures one rival, on a database of its own with fsync on. */
export async function measureRival(key: string, options: ShopOptions): Promise<RivalFigures> {
  const rival = rivals[key]
  if (rival === undefined) throw new Error(`There is no rival ${key}; there are ${rivalNames.join(' and ')}.`)
  await install(rival, options)
  const dataDir = await mkdtemp(join(tmpdir(), 'markethall-rival-'))
  // The database's user, who is not root, must be able to enter.
  await chmod(dataDir, 0o755)
  try {
    await using postgres = await acquirePostgres({ dataDir })
    const figures = await measureLoad(rival, postgres.url, options)
    const queriesPerCheckout = await countStatements(rival, postgres.url, options)
    const rounded = Object.entries({ ...figures, queriesPerCheckout }).map(([name, value]) => [
      name,
      Math.round(value * 10) / 10,
    ])
    return { name: rival.name, ...(Object.fromEntries(rounded) as Omit<RivalFigures, 'name'>) }
  } finally {
    await removePostgres(dataDir)
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function measureLoad(rival: Rival, databaseUrl: string, options: ShopOptions) {
  const { progress, seconds, signal } = options
  progress(`Filling ${rival.name}: 1,000 products with 2 variants.`)
  const filled = await rival.start({ databaseUrl, port: await freePort(undefined), isFilled: false })
  await endAll(filled.processes)
  progress(`Starting ${rival.name}.`)
  const { url, processes } = await rival.start({ databaseUrl, port: await freePort(undefined), isFilled: true })
  const pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1 })
  try {
    const shopper = await rival.shopper(pool)
    const rate = async (what: 'list' | 'get' | 'search') => {
      progress(`Measuring ${what} of ${rival.name}.`)
      const work = async (turn: number) => Number((await shopper[what](turn)) === undefined)
      await runLoad({ customers: CONNECTIONS, seconds: WARM_UP_SECONDS, signal, work })
      return (await runLoad({ customers: CONNECTIONS, seconds, signal, work })).perSecond
    }
    const [listsPerSecond, getsPerSecond, searchesPerSecond] = [
      await rate('list'),
      await rate('get'),
      await rate('search'),
    ]
    progress(`Measuring orders of ${rival.name}.`)
    const work = async (turn: number) => (await purchase(shopper, turn)).slowestMs
    await runLoad({ customers: CONNECTIONS, seconds: WARM_UP_SECONDS, signal, work })
    const orders = await runLoad({ customers: CONNECTIONS, seconds, signal, work: (turn) => work(turn + 1_000_000) })
    const memory = await Promise.all(processes.map((each) => each.rssMb()))
    await pause(BACKGROUND_MS)
    const lone: number[] = []
    for (let turn = 1; turn <= LONE_CHECKOUTS; turn += 1) lone.push((await purchase(shopper, 5_000_000 + turn)).totalMs)
    return {
      listsPerSecond,
      getsPerSecond,
      searchesPerSecond,
      ordersPerSecond: orders.perSecond,
      checkoutP95Ms: percentile(orders.samples, 0.95),
      checkoutLoneMs: percentile(lone, 0.5),
      rssMb: memory.reduce((sum, each) => sum + each, 0),
      startMs: processes[0]?.startMs ?? Number.NaN,
    }
  } finally {
    await pool.close()
    await endAll(processes)
  }
}

async function countStatements(rival: Rival, databaseUrl: string, { progress }: ShopOptions): Promise<number> {
  progress(`Counting the statements of ${rival.name}.`)
  await using tap = await openPostgresTap(databaseUrl)
  const { url, processes } = await rival.start({
    databaseUrl: tap.url,
    port: await freePort(undefined),
    isFilled: true,
  })
  const pool = new Pool(url, { connections: 1, pipelining: 1 })
  try {
    const shopper = await rival.shopper(pool)
    for (let turn = 1; turn <= 3; turn += 1) await purchase(shopper, 7_000_000 + turn)
    await pause(BACKGROUND_MS)
    tap.take()
    const begun = performance.now()
    for (let turn = 1; turn <= COUNTED_CHECKOUTS; turn += 1) await purchase(shopper, 8_000_000 + turn)
    await pause(BACKGROUND_MS)
    const busy = tap.take().statements
    await pause(performance.now() - begun)
    return (busy - tap.take().statements) / COUNTED_CHECKOUTS
  } finally {
    await pool.close()
    await endAll(processes)
  }
}

const purchase = (shopper: Shopper, turn: number) => timePurchase((timed) => shopper.buy(turn, timed))

async function install({ name, folder }: Rival, { progress }: ShopOptions): Promise<void> {
  if (existsSync(join(folder, 'node_modules'))) return
  progress(`Installing ${name} into ${folder}; that takes a while.`)
  const npm = spawn('npm', ['install', '--no-package-lock', '--legacy-peer-deps'], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
  })
  const [code] = (await once(npm, 'exit')) as [number | null]
  if (code === 0) return
  await rm(join(folder, 'node_modules'), { recursive: true, force: true })
  throw new Error(`${name} could not be installed (npm ended with ${code}). Is the package registry in reach?`)
}

async function endAll(processes: readonly RivalProcess[]): Promise<void> {
  for (const each of processes) await each[Symbol.asyncDispose]()
}
