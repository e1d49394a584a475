/** A hall of several processes on one database, in which parties take turns. */
import { clientsFor } from '#platform/calls/clients'
import type { CallContext } from '#platform/calls/context'
import { JobContext } from '#platform/calls/contexts'
import type { BoundOperation } from '#platform/calls/operation'
import { jobContext } from '#platform/events/run-job'
import { noDuties } from '#platform/events/duties'
import { type HallProcess, openProcess } from '#platform/host/open-process'
import { createLog } from '#platform/log'
import { resumeOpenSagas } from '#platform/saga/run-saga'
import type { Actor } from '#platform/values'
import { startTestHall, type TestHall, type TestHallOptions } from '#testing/hall'
import { hallContracts } from '../../src/contracts.ts'
import { definition } from '../../src/definition.ts'
import { type ModuleName, moduleNames } from '../../src/modules.ts'
import { pence } from '../shop.ts'
import { gateCalls, gateDatabases, gateProvider, gateSleep, type ProviderRequest } from './gates.ts'
import { partyNow } from './play.ts'

/** Longer than any play: a lease ends where a play says so. */
const leaseMs = 600_000
const roundsMax = 100
const trading: readonly ModuleName[] = [
  'catalog',
  'pricing',
  'inventory',
  'checkout',
  'orders',
  'payments',
  'fulfilment',
]

export type As = (actor: Actor, context?: Partial<CallContext>) => TestHall['calls']
export type Arena = AsyncDisposable & {
  hall: TestHall
  /** The same operations by way of two processes. */
  doors: readonly [As, As]
  sql: TestHall['sql']
  countBlocked(): Promise<number>
  /** A new product of 295p, with so many units in stock. */
  stock(units: number): Promise<string>
  /** Does one round of background work, as a process that works some modules. */
  work(): Promise<unknown>
  /** Takes over the sagas of a module that nobody runs any more. */
  resumeSagas(module: ModuleName): Promise<unknown>
  runSchedule(module: ModuleName, name: string): Promise<unknown>
  /** Ends all leases and pauses: of those who died, and of what failed. Returns how many there were. */
  letTimePass(): Promise<number>
  /** Lets what was begun come to its end, in the modules that are worked, or in the whole hall. */
  finish(whole?: 'whole'): Promise<void>
  /** Has an operation done otherwise by everybody: to see that a race sees what is wrong. */
  replace(module: ModuleName, name: string, change: (operation: BoundOperation) => Partial<BoundOperation>): void
}
export type ArenaOptions = Omit<TestHallOptions, 'distance'> & {
  /** At whose databases parties wait: the modules that the race is about. */
  gated: readonly ModuleName[]
  /** The modules that are worked while a race is on. */
  worked?: readonly ModuleName[]
  /** What the provider is asked instead: to see that a race sees what is wrong. */
  provider?: (request: ProviderRequest) => ProviderRequest
}

export async function openArena(options: ArenaOptions): Promise<Arena> {
  const { gated, worked = ['orders', 'payments', 'fulfilment'], provider, ...ofHall } = options
  const stack = new AsyncDisposableStack()
  const env = { DATABASE_CONNECTIONS: '200', PAYMENTS_TIMEOUT_MS: '60000', ...ofHall.env }
  const hall = stack.use(await startTestHall({ leaseMs, ...ofHall, env }))
  const first = hall.processes[0]!
  const second = await openAnother(hall, trading)
  stack.defer(() => second.close())
  const worker = await openAnother(hall, worked)
  stack.defer(() => worker.close())
  for (const process of [first, second, worker]) gateDatabases(process, gated)
  for (const process of [first, second]) gateCalls(process)
  stack.use(gateProvider(provider))
  stack.use(gateSleep())
  const sql: TestHall['sql'] = (text, values) => {
    const rows = hall.sql<any>(text, values)
    return partyNow()?.play.underWay(rows) ?? rows
  }
  return {
    hall,
    doors: [doorOf(first), doorOf(second)],
    sql,
    stock: goodsOf(hall),
    ...backgroundOf({ first, second, worker, sql }),
    async countBlocked() {
      const [row] = await hall.sql(`select count(*)::int as blocked from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`)
      return row!['blocked'] as number
    },
    replace(module, name, change) {
      for (const { hosted } of [first, second, worker]) {
        const operations = hosted.get(module)?.runtime.operations
        const operation = operations?.get(name)
        if (operation) operations!.set(name, { ...operation, ...change(operation) })
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const openAnother = ({ config, clock, processes }: TestHall, modules: readonly ModuleName[]): Promise<HallProcess> =>
  openProcess({
    config,
    log: createLog({ level: 'fatal', name: 'another' }),
    definition,
    place: { process: 'another', modules: [...modules], gateway: false, face: undefined, elsewhere: new Map() },
    duties: noDuties,
    clock,
    newId: processes[0]!.newId,
    leaseMs,
  })

type Background = { first: HallProcess; second: HallProcess; worker: HallProcess; sql: TestHall['sql'] }

/** What happens by itself, when a party says so. */
function backgroundOf({ first, second, worker, sql }: Background) {
  const contextOf = (module: ModuleName) => {
    const { runtime, assembly } = second.hosted.get(module)!
    const call = { actor: { kind: 'system' as const, id: module }, requestId: `another ${module}`, key: undefined }
    return { runtime, assembly, context: () => jobContext(runtime, call) }
  }
  const letTimePass = async () => (await sql<{ ended: number }>(endPauses))[0]!.ended
  const resumeSagas = (module: ModuleName) => {
    const { runtime, context: contextFor } = contextOf(module)
    return resumeOpenSagas(runtime, { limit: 20, contextFor })
  }
  const finishOn = async (process: HallProcess) => {
    for (let rounds = 0; rounds < roundsMax; rounds += 1) {
      const { sequenced, applied, jobs, sagas } = await process.round({ resumeSagas: true })
      const left = sequenced + applied + jobs + sagas + (await resumeSagas('checkout'))
      if (left === 0 && (await letTimePass()) === 0) return
    }
    throw new Error('The hall does not come to an end.')
  }
  return {
    letTimePass,
    resumeSagas,
    finish: (whole?: 'whole') => finishOn(whole ? first : worker),
    work: () => worker.round({ resumeSagas: true }),
    runSchedule(module: ModuleName, name: string) {
      const { runtime, assembly, context } = contextOf(module)
      return assembly.schedules!.find((each) => each.name === name)!.run(new JobContext(runtime, context()))
    },
  }
}

const ending = trading.flatMap((module) => [
  `${module}_sagas as (update "${module}".sagas set lease_until = clock_timestamp() - interval '1 second'
    where state in ('running', 'undoing') returning 1)`,
  `${module}_jobs as (update "${module}".jobs set due_at = clock_timestamp() where state = 'waiting' returning 1)`,
])
const ended = trading.flatMap((module) => [`select from ${module}_sagas`, `select from ${module}_jobs`])
const endPauses = `with ${ending.join(', ')} select count(*)::int as ended from (${ended.join(' union all ')}) as each`

function doorOf(process: HallProcess): As {
  const { dispatch, newId } = process
  const callsFor = clientsFor({ caller: 'gateway', callees: moduleNames, contracts: hallContracts, dispatch })
  return (actor, context) =>
    callsFor({
      actor,
      caller: 'gateway',
      requestId: newId('req', { module: 'gateway', requestId: 'race' }),
      traceparent: undefined,
      deadlineAt: Date.now() + 60_000,
      key: undefined,
      undoesKey: undefined,
      signal: undefined,
      ...context,
    }) as TestHall['calls']
}

/** Products are imported, and their stock received, many at a time. */
function goodsOf({ calls }: TestHall) {
  const left = new Map<number, string[]>()
  let made = 0
  return async (units: number): Promise<string> => {
    const skus = left.get(units) ?? []
    left.set(units, skus)
    if (skus.length === 0) {
      skus.push(...Array.from({ length: 50 }, () => `GOOD-${(made += 1)}`))
      const products = skus.map((sku) => ({
        code: sku,
        name: sku,
        variants: [{ sku, price: pence(295), stocked: true }],
      }))
      await calls.catalog.importProducts.mutate({ products })
      const lines = skus.map((sku) => ({ sku, quantity: units }))
      await calls.inventory.receive.mutate({ reference: `delivery ${made}`, lines })
    }
    return skus.shift()!
  }
}
