/**
 * `npm run bench -- topologies`: the price of distribution. The same purchases in one process, with a module outside, and with every
 * module outside, one hall after the other, each with a PostgreSQL of its own, on the same machine.
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { acquirePostgres, removePostgres } from '#platform/data/embedded-postgres'
import { readTopology } from '#platform/host/topology'
import { freePorts } from '#testing/cluster'
import { type Measured, type Told, together } from '../../src/commands/graph/measured.ts'
import { printTopology } from '../../src/commands/topologies.ts'
import { moduleNames } from '../../src/modules.ts'
import { costOf } from '../count-checkouts.ts'
import { startHallChild } from '../hall-child.ts'
import { percentile, runLoad } from '../load.ts'
import { openPostgresTap } from '../postgres-tap.ts'
import { orderIsSettled } from '../settled.ts'
import { CONNECTIONS, type ShopOptions } from '../shop-options.ts'
import { buy, fillShop } from '../shop-stock.ts'
import { createWireClient, type WireClient } from '../wire-client.ts'

export type TopologyFigures = {
  /** Of the hall; PostgreSQL, the sandbox of payments and whoever supervises them are more. */
  processes: number
  /** How many customers bought at once when it did best, of 8, 16 and 32. The figures below are of this load. */
  customers: number
  ordersPerSecond: number
  /** Of a whole checkout, all its requests, in milliseconds. */
  p50Ms: number
  p95Ms: number
  /** Between modules, wherever they live. */
  callsPerCheckout: number
  /** Calls from process to process: between modules, from the gateway, and for the events that others announced. */
  roundTripsPerCheckout: number
  /** In how many requests they went: calls that begin together share one. */
  requestsPerCheckout: number
  /** With 16 customers, what follows from a checkout included; BEGIN, COMMIT and ROLLBACK not counted. */
  statementsPerCheckout: number
  /** How much of the orders per second of one process. */
  keeps: number
}

const topologies = {
  oneProcess: undefined,
  ordersOut: 'orders-out.json',
  allOut: 'all-out.json',
} as const
export type TopologyName = keyof typeof topologies
export type AllFigures = Record<TopologyName, TopologyFigures>

const LOADS = [8, CONNECTIONS, 32] as const
/** Each process compiles what it has run often enough: so it takes orders, not seconds, to be warm. */
const WARM_UP_ORDERS = 400
const WARM_UP_SECONDS_MAX = 40
const COUNT_SECONDS = 4

export async function measureTopologies(options: ShopOptions): Promise<AllFigures> {
  const oneProcess = await measureTopology('oneProcess', options)
  const ordersOut = await measureTopology('ordersOut', options)
  const allOut = await measureTopology('allOut', options)
  const keeping = (figures: Omit<TopologyFigures, 'keeps'>): TopologyFigures => ({
    ...figures,
    keeps: round(figures.ordersPerSecond / oneProcess.ordersPerSecond, 3),
  })
  return { oneProcess: keeping(oneProcess), ordersOut: keeping(ordersOut), allOut: keeping(allOut) }
}

/** Measures a hall of its own, and leaves nothing behind. */
async function measureTopology(name: TopologyName, options: ShopOptions): Promise<Omit<TopologyFigures, 'keeps'>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'markethall-bench-'))
  // The database's user, who is not root, must be able to enter.
  await chmod(dataDir, 0o755)
  try {
    const file = topologies[name]
    const place = { dataDir, ...(file !== undefined && { topologyFile: await placeHere(file, dataDir) }) }
    const loaded = await measureLoads({ name, place }, options)
    options.progress(`Counting the statements of a checkout (${name}).`)
    return { ...loaded, statementsPerCheckout: round(await countStatements(place, options), 1) }
  } finally {
    await removePostgres(dataDir)
    await rm(dataDir, { recursive: true, force: true })
  }
}

type Place = { dataDir: string; topologyFile?: string }
type Loaded = Omit<TopologyFigures, 'keeps' | 'statementsPerCheckout'>

/** A topology of this project at ports that are free. */
async function placeHere(file: string, folder: string): Promise<string> {
  const { processes } = await readTopology(join(import.meta.dirname, '../../topologies', file), moduleNames)
  const ports = await freePorts(Object.keys(processes).length)
  const placed = Object.entries(processes).map(([name, spec], index) => [
    name,
    spec.modules.length === 0 ? spec : { ...spec, url: `http://127.0.0.1:${ports[index]}` },
  ])
  const path = join(folder, file)
  await writeFile(path, printTopology({ processes: Object.fromEntries(placed) }))
  return path
}

async function measureLoads(
  { name, place }: { name: TopologyName; place: Place },
  { profileDir, progress, seconds, signal }: ShopOptions,
): Promise<Loaded> {
  progress(`Opening a hall, and filling it (${name}).`)
  const settings: Record<string, string> = { LOG_LEVEL: 'info' }
  // Every process of it is told by this, however it is started.
  if (profileDir !== undefined)
    settings['NODE_OPTIONS'] = `--cpu-prof --cpu-prof-dir=${join(resolve(profileDir), name)}`
  await using hall = await startHallChild({ ...place, settings })
  await using owner = createWireClient(hall.url, { connections: 2, apiKey: await hall.ownerKey() })
  await using guests = createWireClient(hall.url, { connections: Math.max(...LOADS) })
  await fillShop(owner)
  let bought = 0
  const load = async (customers: number, lasting: number) => {
    const work = async () => {
      bought += 1
      return (await buy(guests, bought)).totalMs
    }
    const { perSecond, samples } = await runLoad({ customers, seconds: lasting, signal, work })
    return { perSecond, samples }
  }
  progress(`Measuring orders (${name}).`)
  const warmBy = performance.now() + WARM_UP_SECONDS_MAX * 1000
  let warmed = 0
  while (warmed < WARM_UP_ORDERS && performance.now() < warmBy) warmed += (await load(CONNECTIONS, 1)).samples.length
  let best: Loaded | undefined
  for (const customers of LOADS) {
    await orderIsSettled(owner, { orders: bought, signal })
    const before = await trafficOf(owner)
    const loaded = await load(customers, seconds)
    const figures = { customers, ...figuresOf(loaded, { before, after: await trafficOf(owner) }) }
    progress(`  ${customers} customers: ${figures.ordersPerSecond} orders per second`)
    if (best === undefined || figures.ordersPerSecond > best.ordersPerSecond) best = figures
  }
  await orderIsSettled(owner, { orders: bought, signal })
  return best!
}

/** What all of its processes have counted. */
async function trafficOf(owner: WireClient): Promise<Measured> {
  const told = new Map<string, Told>()
  for (const name of moduleNames) told.set(name, await owner.query<Told>(`${name}.traffic`, {}))
  return together(told)
}

function figuresOf(
  { perSecond, samples }: { perSecond: number; samples: readonly number[] },
  { before, after }: { before: Measured; after: Measured },
): Omit<Loaded, 'customers'> {
  const each = (count: (measured: Measured) => number) => round((count(after) - count(before)) / samples.length, 1)
  return {
    processes: after.processes,
    ordersPerSecond: round(perSecond, 1),
    p50Ms: round(percentile(samples, 0.5), 1),
    p95Ms: round(percentile(samples, 0.95), 1),
    callsPerCheckout: each(({ calls }) =>
      calls.filter(({ caller }) => isModule(caller)).reduce((sum, { calls: count }) => sum + count, 0),
    ),
    roundTripsPerCheckout: each(({ arrived }) => arrived.calls),
    requestsPerCheckout: each(({ arrived }) => arrived.requests),
  }
}

const isModule = (caller: string): boolean => (moduleNames as readonly string[]).includes(caller)

/** Listens to the same hall, started again, so that the counting does not slow down what is timed. */
async function countStatements(place: Place, { signal }: ShopOptions): Promise<number> {
  await using postgres = await acquirePostgres({ dataDir: place.dataDir })
  await using tap = await openPostgresTap(postgres.url)
  await using hall = await startHallChild({ ...place, settings: { DATABASE_URL: tap.url } })
  await using guests = createWireClient(hall.url, { connections: CONNECTIONS })
  const cost = await costOf({ tap, databaseUrl: postgres.url }, async () => {
    const work = async (turn: number) => (await buy(guests, turn + 8_000_000)).totalMs
    return (await runLoad({ customers: CONNECTIONS, seconds: COUNT_SECONDS, signal, work })).count
  })
  return cost.statements
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
