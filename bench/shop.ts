/**
 * The shop benchmark. Halls in a row on the same data: one without its read cache, for what the database gives; one as everybody
 * runs it, whose start is timed, under load; and one that is listened to, so that the counting does not slow down what is timed.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { removePostgres } from '#platform/data/embedded-postgres'
import { countCheckouts } from './count-checkouts.ts'
import { startHallChild } from './hall-child.ts'
import { percentile, runLoad } from './load.ts'
import { orderIsSettled } from './settled.ts'
import type { ShopFigures, ShopMeasurement } from './shop-figures.ts'
import { CONNECTIONS, type ShopOptions } from './shop-options.ts'
import { buy, buyAlone, fillShop, PRODUCTS, PURCHASE_REQUESTS, skuOf, wordOf } from './shop-stock.ts'
import { createWireClient, type WireClient } from './wire-client.ts'

const WARM_UP_SECONDS = 3
const LONE_CHECKOUTS = 50
const PAGE = 20

/** Measures a hall of its own, and leaves nothing behind. */
export async function measureShop(options: ShopOptions): Promise<ShopMeasurement> {
  const dataDir = await mkdtemp(join(tmpdir(), 'markethall-bench-'))
  // The database's user, who is not root, must be able to enter.
  await chmod(dataDir, 0o755)
  try {
    const fromDatabase = await measureReads(dataDir, options)
    const underLoad = await measureLoad(dataDir, options)
    const cost = await countCheckouts(dataDir, options)
    const { statements: queriesPerCheckout, writingTransactions: transactionsPerCheckout } = cost.loaded
    const figures = { ...fromDatabase, ...underLoad, queriesPerCheckout, transactionsPerCheckout }
    const rounded = Object.entries(figures).map(([name, value]) => [name, Math.round(value * 10) / 10] as const)
    return { figures: Object.fromEntries(rounded) as ShopFigures, requestsPerCheckout: PURCHASE_REQUESTS, cost }
  } finally {
    await removePostgres(dataDir)
    await rm(dataDir, { recursive: true, force: true })
  }
}

type Reads = Pick<ShopFigures, 'listsPerSecond' | 'getsPerSecond' | 'searchesPerSecond'>
type UnderLoad = Omit<ShopFigures, keyof Reads | 'queriesPerCheckout' | 'transactionsPerCheckout'>

async function measureReads(dataDir: string, options: ShopOptions): Promise<Reads> {
  options.progress('Opening a hall, and filling it.')
  await using hall = await startHallChild({ dataDir, settings: { READ_CACHE: 'off' } })
  await using owner = createWireClient(hall.url, { connections: 2, apiKey: await hall.ownerKey() })
  await using guests = createWireClient(hall.url, { connections: CONNECTIONS })
  await fillShop(owner)
  return {
    getsPerSecond: await rateOf('gets', getting(guests), options),
    listsPerSecond: await rateOf('lists', await listing(guests), options),
    searchesPerSecond: await rateOf('searches', searching(guests), options),
  }
}

async function measureLoad(dataDir: string, options: ShopOptions): Promise<UnderLoad> {
  const { profileDir, progress, seconds, signal } = options
  const nodeArguments = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(profileDir)}`]
  progress('Starting it a second time.')
  await using hall = await startHallChild({ dataDir, nodeArguments })
  await using owner = createWireClient(hall.url, { connections: 2, apiKey: await hall.ownerKey() })
  await using guests = createWireClient(hall.url, { connections: CONNECTIONS })
  const cachedGetsPerSecond = await rateOf('gets from the read cache', getting(guests), options)
  const cachedListsPerSecond = await rateOf('lists from the read cache', await listing(guests), options)
  let purchases = 0
  const purchase = async (turn: number) => {
    const { slowestMs } = await buy(guests, turn)
    purchases += 1
    return slowestMs
  }
  progress('Measuring orders.')
  await runLoad({ customers: CONNECTIONS, seconds: WARM_UP_SECONDS, signal, work: purchase })
  const orders = await runLoad({ customers: CONNECTIONS, seconds, signal, work: (turn) => purchase(turn + 1_000_000) })
  const rssMb = await hall.rssMb()
  await orderIsSettled(owner, { orders: purchases, signal })
  progress('Buying alone.')
  const lone = await buyAlone(guests, { checkouts: LONE_CHECKOUTS, signal })
  await orderIsSettled(owner, { orders: purchases + LONE_CHECKOUTS, signal })
  return {
    cachedGetsPerSecond,
    cachedListsPerSecond,
    ordersPerSecond: orders.perSecond,
    checkoutP95Ms: percentile(orders.samples, 0.95),
    checkoutLoneMs: percentile(lone, 0.5),
    rssMb,
    secondStartMs: hall.startMs,
  }
}

type Ask = (turn: number) => Promise<unknown>

async function rateOf(what: string, ask: Ask, { progress, seconds, signal }: ShopOptions): Promise<number> {
  progress(`Measuring ${what}.`)
  const work = async (turn: number) => {
    const begun = performance.now()
    await ask(turn)
    return performance.now() - begun
  }
  await runLoad({ customers: CONNECTIONS, seconds: WARM_UP_SECONDS, signal, work })
  return (await runLoad({ customers: CONNECTIONS, seconds, signal, work })).perSecond
}

const getting =
  (guests: WireClient): Ask =>
  (turn) =>
    guests.query('catalog.get', { sku: skuOf(turn * 7, turn) })

const searching =
  (guests: WireClient): Ask =>
  (turn) =>
    guests.query('catalog.search', { text: `${wordOf(turn)} quality`, limit: PAGE })

/** Asks for a page of products, each time another one: the cursors are collected beforehand. */
async function listing(guests: WireClient): Promise<Ask> {
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
