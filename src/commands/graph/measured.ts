/** The traffic of a hall that runs, as its modules tell it. */
import { contracts } from '../../contracts.ts'
import { type ModuleName, moduleNames } from '../../modules.ts'
import { CommandError } from '../command-error.ts'
import type { HallCalls } from '../hall-calls.ts'
import { hallFailure } from '../repeat-call.ts'
import type { Tool } from '../tool.ts'
import type { Edge } from './edges.ts'

/** What a module tells of its process. */
type Answered = Awaited<ReturnType<HallCalls['orders']['traffic']['query']>>
export type Told = Omit<Answered, 'processes' | 'silent'> & {
  processes?: Answered['processes'] | undefined
  silent?: Answered['silent'] | undefined
}
type CountedCalls = Told['calls'][number]

export type Measured = {
  /** When the process that counts longest began. */
  since: string
  processes: number
  /** By caller and operation, all processes together; what the platform itself asks is left out. */
  calls: readonly CountedCalls[]
  /** What came to each of the processes from others, together: calls, the platform's own among them, and the requests that they shared. */
  arrived: Told['arrived']
  /** How many events of each source each listener has passed, ever. */
  passed: readonly { source: string; listener: string; events: number }[]
  /** How often an order was asked for: what a checkout cannot do twice, and not end without. */
  checkouts: number
  /** Modules whose process did not answer, and instances, by their addresses. */
  silent: readonly string[]
}

/** What was measured, or a sentence that says why nothing was. */
export type Measurement = { measured: Measured } | { unmeasured: string }

/** Journals are read and operators are answered by what the platform adds to every module. */
const isPlatforms = ({ module, operation }: CountedCalls): boolean =>
  !(operation in contracts[module as ModuleName].operations)

const placesOrder = ({ caller, module, operation }: CountedCalls): boolean =>
  caller === 'checkout' && module === 'orders' && operation === 'place'

/**
 * Asks the hall that was named, or that is found on this machine. One that was named must answer; where none is found, the
 * answer says so.
 */
export async function measure(tool: Pick<Tool, 'reach'>, url: string | undefined): Promise<Measurement> {
  try {
    const calls = await tool.reach({ as: 'owner', ...(url !== undefined && { url }) })
    const asked = moduleNames.map((name) => calls[name].traffic.query({}))
    const answers = await Promise.allSettled(asked)
    const refused = answers.find((answer) => answer.status === 'rejected')
    if (refused !== undefined && answers.every(({ status }) => status === 'rejected')) throw refused.reason
    const told = new Map<string, Told>()
    for (const [index, answer] of answers.entries())
      if (answer.status === 'fulfilled') told.set(moduleNames[index]!, answer.value)
    return { measured: together(told) }
  } catch (error) {
    const failure = error instanceof CommandError ? error : hallFailure(error)
    if (url !== undefined || failure === undefined) throw error
    return { unmeasured: failure.message }
  }
}

/** What modules told, put together: those of one process tell the same calls, which count once. */
export function together(told: ReadonlyMap<string, Told>): Measured {
  // Each module tells of the gateway, too, and those of one process tell of the same.
  const all = [...told.values()].flatMap((each) => [each, ...(each.processes ?? [])])
  const processes = new Map(all.map((each) => [each.process, each]))
  const counted = new Map<string, CountedCalls>()
  for (const each of [...processes.values()].flatMap(({ calls }) => calls)) {
    if (isPlatforms(each)) continue
    const name = `${each.caller} ${each.module}.${each.operation}`
    const known = counted.get(name)
    counted.set(name, known === undefined ? each : sumOf(known, each))
  }
  const calls = [...counted.values()]
  return {
    since: [...processes.values()].map(({ since }) => since).toSorted()[0] ?? '',
    processes: processes.size,
    calls,
    arrived: [...processes.values()].reduce(
      (sum, { arrived }) => ({
        requests: sum.requests + arrived.requests,
        calls: sum.calls + arrived.calls,
      }),
      { requests: 0, calls: 0 },
    ),
    passed: [...told].flatMap(([listener, { passed }]) => passed.map((each) => ({ ...each, listener }))),
    checkouts: calls.find(placesOrder)?.calls ?? 0,
    silent: [
      ...moduleNames.filter((name) => !told.has(name)),
      ...new Set([...told.values()].flatMap(({ silent = [] }) => silent)),
    ],
  }
}

const sumOf = (one: CountedCalls, other: CountedCalls): CountedCalls => ({
  ...one,
  calls: one.calls + other.calls,
  totalMicros: one.totalMicros + other.totalMicros,
  microsMax: Math.max(one.microsMax, other.microsMax),
})

/** What was measured on an edge: calls, or events that were passed. What jobs carry is not counted. */
export type EdgeTraffic = { count: number; meanMs?: number; maxMs?: number; perCheckout?: number }

export function trafficOn({ kind, from, to }: Edge, measured: Measured): EdgeTraffic | undefined {
  if (kind === 'jobs') return undefined
  if (kind === 'events') {
    const passed = measured.passed.find(({ source, listener }) => source === from && listener === to)
    return passed && { count: passed.events }
  }
  const own = measured.calls.filter(({ caller, module }) => caller === from && module === to)
  const count = own.reduce((sum, { calls }) => sum + calls, 0)
  if (count === 0) return { count }
  return {
    count,
    meanMs: own.reduce((sum, { totalMicros }) => sum + totalMicros, 0) / count / 1000,
    maxMs: Math.max(...own.map(({ microsMax }) => microsMax)) / 1000,
    ...(measured.checkouts > 0 && { perCheckout: count / measured.checkouts }),
  }
}

/** The edges on which clients call: the gateway stands in for them in the graph, and the traffic tells them apart. */
export const clientEdges = ({ calls }: Measured): Edge[] =>
  [...new Set(calls.filter(({ caller }) => caller === 'clients').map(({ module }) => module))].map((to) => ({
    kind: 'calls',
    from: 'clients',
    to,
  }))

/** How often clients asked. */
export const requestsIn = ({ calls }: Measured): number =>
  calls.filter(({ caller }) => caller === 'clients').reduce((sum, each) => sum + each.calls, 0)
