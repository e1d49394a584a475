/**
 * The shop benchmark. Three halls in a row on the same data: one is measured under load, its second start is timed, and
 * a third is listened to, so that the counting does not slow down what is timed.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { acquirePostgres, removePostgres } from '#platform/data/embedded-postgres'
import pg from 'pg'
import { startHallChild, type HallChild } from './hall-child.ts'
import { percentile, runLoad } from './load.ts'
import { openPostgresTap, type Counts } from './postgres-tap.ts'
import type { ShopFigures, ShopMeasurement } from './shop-figures.ts'
import { buy, CURRENCY, fillShop, PRODUCTS, PURCHASE_REQUESTS, skuOf } from './shop-stock.ts'
import { createWireClient, type WireClient } from './wire-client.ts'

export type ShopOptions = {
  /** How long each load is measured. */
  seconds: number
  profileDir: string | undefined
  signal: AbortSignal
  progress(text: string): void
}

const CONNECTIONS = 16
const WARM_UP_SECONDS = 3
const LONE_CHECKOUTS = 50
const COUNTED_CHECKOUTS = 40
/** Events, and what follows from them, are applied well within this. */
const BACKGROUND_MS = 3_000
const SETTLE_MS_MAX = 60_000
const PAGE = 20

/** Measures a hall of its own, and leaves nothing behind. */
export async function measureShop(options: ShopOptions): Promise<ShopMeasurement> {
  const dataDir = await mkdtemp(join(tmpdir(), 'markethall-bench-'))
  // The database's user, who is not root, must be able to enter.
  await chmod(dataDir, 0o755)
  try {
    const underLoad = await measureLoad(dataDir, options)
    options.progress('Starting it a second time.')
    const secondStartMs = await timeSecondStart(dataDir)
    const counted = await countCheckout(dataDir, options)
    return measurementOf({ ...underLoad, secondStartMs }, counted)
  } finally {
    await removePostgres(dataDir)
    await rm(dataDir, { recursive: true, force: true })
  }
}

type UnderLoad = Omit<ShopFigures, 'queriesPerCheckout' | 'transactionsPerCheckout' | 'secondStartMs'>

async function measureLoad(dataDir: string, options: ShopOptions): Promise<UnderLoad> {
  const { profileDir, progress, seconds, signal } = options
  const nodeArguments = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(profileDir)}`]
  progress('Opening a hall, and filling it.')
  await using hall = await startHallChild({ dataDir, nodeArguments })
  await using owner = createWireClient(hall.url, { connections: 2, apiKey: await hall.ownerKey() })
  await using guests = createWireClient(hall.url, { connections: CONNECTIONS })
  await fillShop(owner)
  const measure = async (what: string, work: (turn: number) => Promise<number>) => {
    progress(`Measuring ${what}.`)
    await runLoad({ customers: CONNECTIONS, seconds: WARM_UP_SECONDS, signal, work })
    return runLoad({ customers: CONNECTIONS, seconds, signal, work: (turn) => work(turn + 1_000_000) })
  }
  const gets = await measure(
    'gets',
    timedWork((turn) => guests.query('catalog.get', { sku: skuOf(turn * 7, turn) })),
  )
  const lists = await measure('lists', timedWork(await listing(guests)))
  let purchases = 0
  const orders = await measure('orders', async (turn) => {
    const { slowestMs } = await buy(guests, turn)
    purchases += 1
    return slowestMs
  })
  const rssMb = await hall.rssMb()
  await settled(owner, { orders: purchases, signal })
  progress('Buying alone.')
  const lone = await buyAlone(guests, LONE_CHECKOUTS, signal)
  await settled(owner, { orders: purchases + LONE_CHECKOUTS, signal })
  return {
    listsPerSecond: lists.perSecond,
    getsPerSecond: gets.perSecond,
    ordersPerSecond: orders.perSecond,
    checkoutP95Ms: percentile(orders.samples, 0.95),
    checkoutLoneMs: percentile(lone, 0.5),
    rssMb,
  }
}

const timedWork = (ask: (turn: number) => Promise<unknown>) => async (turn: number) => {
  const begun = performance.now()
  await ask(turn)
  return performance.now() - begun
}

/** Asks for a page of products, each time another one: the cursors are collected beforehand. */
async function listing(guests: WireClient): Promise<(turn: number) => Promise<unknown>> {
  const cursors: (string | undefined)[] = [undefined]
  while (cursors.length < PRODUCTS / PAGE) {
    const page: { nextCursor: string | null } = await guests.query('catalog.list', {
      limit: PAGE,
      cursor: cursors.at(-1),
    })
    if (page.nextCursor === null) break
    cursors.push(page.nextCursor)
  }
  return (turn) => guests.query('catalog.list', { limit: PAGE, cursor: cursors[turn % cursors.length] })
}

async function buyAlone(guests: WireClient, checkouts: number, signal: AbortSignal): Promise<number[]> {
  const samples: number[] = []
  for (let turn = 1; turn <= checkouts; turn += 1) {
    signal.throwIfAborted()
    samples.push((await buy(guests, 5_000_000 + turn)).totalMs)
  }
  return samples
}

/** Waits until every order has reached reporting, and sees that none is missing and none too many. */
async function settled(owner: WireClient, wanted: { orders: number; signal: AbortSignal }): Promise<void> {
  const deadline = performance.now() + SETTLE_MS_MAX
  const range = { from: dayFromNow(-1), to: dayFromNow(1), currency: CURRENCY }
  for (;;) {
    wanted.signal.throwIfAborted()
    const { orders, behind } = await owner.query<{ orders: number; behind: number }>('reporting.sales', range)
    if (behind === 0 && orders === wanted.orders) return
    if (performance.now() > deadline || orders > wanted.orders) {
      throw new Error(`Reporting shows ${orders} orders (${behind} events behind) where ${wanted.orders} were placed.`)
    }
    await pause(50)
  }
}

const dayFromNow = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

async function timeSecondStart(dataDir: string): Promise<number> {
  await using hall: HallChild = await startHallChild({ dataDir })
  return hall.startMs
}

type Counted = { busy: Counts; idle: Counts; writingBusy: number; writingIdle: number }

/** Listens to a hall while it serves lone checkouts, and then, equally long, while it idles. */
async function countCheckout(dataDir: string, { progress, signal }: ShopOptions): Promise<Counted> {
  progress('Counting the statements of a checkout.')
  await using postgres = await acquirePostgres({ dataDir })
  await using tap = await openPostgresTap(postgres.url)
  await using hall = await startHallChild({ dataDir, databaseUrl: tap.url })
  await using guests = createWireClient(hall.url, { connections: 1 })
  await buyAlone(guests, 10, signal)
  await pause(BACKGROUND_MS)
  const written = await writtenTransactions(postgres.url)
  tap.take()
  const begun = performance.now()
  await buyAlone(guests, COUNTED_CHECKOUTS, signal)
  await pause(BACKGROUND_MS)
  const busy = tap.take()
  const writtenBusy = await writtenTransactions(postgres.url)
  await pause(performance.now() - begun)
  const idle = tap.take()
  const writtenIdle = await writtenTransactions(postgres.url)
  return { busy, idle, writingBusy: writtenBusy - written, writingIdle: writtenIdle - writtenBusy }
}

/** How many transactions have written anything, ever: only those are given a number. */
async function writtenTransactions(databaseUrl: string): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ next: string }>(
      'SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next',
    )
    return Number(rows[0]?.next)
  } finally {
    await client.end()
  }
}

function measurementOf(
  rest: UnderLoad & Pick<ShopFigures, 'secondStartMs'>,
  { busy, idle, writingBusy, writingIdle }: Counted,
): ShopMeasurement {
  const each = (name: 'statements' | 'transactions' | 'roundTrips') => (busy[name] - idle[name]) / COUNTED_CHECKOUTS
  const statements = [...busy.byName]
    .map(([name, count]): [string, number] => [name, (count - (idle.byName.get(name) ?? 0)) / COUNTED_CHECKOUTS])
    .toSorted(([, one], [, other]) => other - one)
  const rounded = Object.fromEntries(
    Object.entries({
      ...rest,
      queriesPerCheckout: each('statements'),
      transactionsPerCheckout: each('transactions'),
    }).map(([name, value]) => [name, Math.round(value * 10) / 10]),
  ) as ShopFigures
  return {
    figures: rounded,
    requestsPerCheckout: PURCHASE_REQUESTS,
    writingTransactionsPerCheckout: (writingBusy - writingIdle) / COUNTED_CHECKOUTS,
    roundTripsPerCheckout: each('roundTrips'),
    statements,
  }
}
