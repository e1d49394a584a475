/** Whether a module can leave, and what that would cost: one verdict, with everything that it rests on. */
import { join } from 'node:path'
import type { Config } from '#platform/config'
import type { Contract } from '#platform/contract'
import { callCycle } from '#platform/host/call-cycle'
import type { Graph } from '#platform/host/runtimes'
import { placeOf, type Topology } from '#platform/host/topology'
import { assertWireSchema } from '#platform/wire-schema'
import { contracts } from '../../contracts.ts'
import { graph, type ModuleName, moduleNames } from '../../modules.ts'
import { gatewayName } from '../graph/edges.ts'
import type { Measurement } from '../graph/measured.ts'
import { type Border, borderOf, farCallMs } from './border.ts'
import { crossingsOf } from './boundary.ts'
import { migratedTables, problemsOf, tablesInDatabase } from './tables.ts'

/** `but`: it can leave, and somebody should know this. `no`: it cannot. */
export type Finding = { about: string; result: 'ok' | 'but' | 'no'; sentence: string; details: string[] }

export type Readiness = {
  module: string
  verdict: 'ready' | 'ready, but' | 'not ready'
  findings: Finding[]
  border: Border
  /** What a checkout would take longer at most, in milliseconds; undefined where no checkout was measured. */
  addedMsPerCheckout: number | undefined
}

/** The topology before and after the module has moved. */
export type Move = { module: string; before: Topology; after: Topology }

const projectRoot = join(import.meta.dirname, '../../..')

/** Looks at everything that decides. */
export async function readinessOf(
  { module, before, after }: Move,
  { config, measurement }: { config: Config; measurement: Measurement },
): Promise<Readiness> {
  const measured = 'measured' in measurement ? measurement.measured : undefined
  const border = borderOf(module, { graph, processOf: processesIn(before), measured })
  const findings = [
    boundary(module),
    contract(contracts[module as ModuleName]),
    await tables(module, config),
    cycles(graph, after),
    chatter(border, measurement),
  ]
  const { callsPerCheckout } = border
  return {
    module,
    findings,
    border,
    verdict: verdictOf(findings),
    addedMsPerCheckout: callsPerCheckout === undefined ? undefined : callsPerCheckout * farCallMs,
  }
}

export function verdictOf(findings: readonly Finding[]): Readiness['verdict'] {
  if (findings.some(({ result }) => result === 'no')) return 'not ready'
  return findings.some(({ result }) => result === 'but') ? 'ready, but' : 'ready'
}

function boundary(module: string): Finding {
  const { seen, crossings } = crossingsOf(projectRoot, module)
  const details = crossings.map(({ path, to }) => `${path} imports ${to}`)
  if (details.length > 0)
    return { about: 'boundary', result: 'no', sentence: 'others reach past its door, or it past theirs', details }
  const sentence = `nobody reaches past its door, nor it past another's (${seen} files)`
  return { about: 'boundary', result: 'ok', sentence, details }
}

/** Every operation has an input and an output, and both travel as JSON. */
export function contract({ operations }: Contract): Finding {
  const details = Object.entries(operations).flatMap(([name, operation]) =>
    (['input', 'output'] as const).flatMap((side) => {
      const schema = operation[side]
      if (schema === undefined) return [`${name} has no ${side}`]
      try {
        assertWireSchema(schema, `${name} ${side}`, { strict: side === 'input' })
        return []
      } catch (error) {
        return [(error as Error).message]
      }
    }),
  )
  const count = Object.keys(operations).length
  if (details.length > 0) return { about: 'contract', result: 'no', sentence: 'not all of it travels as JSON', details }
  const sentence = `${count} operations, whose inputs and outputs travel as JSON`
  return { about: 'contract', result: 'ok', sentence, details }
}

async function tables(module: string, config: Config): Promise<Finding> {
  const migrated = migratedTables(join(projectRoot, 'drizzle'), module)
  const problems = problemsOf(module, migrated)
  const url = config.databaseUrls[module] ?? config.databaseUrl
  const inDatabase =
    url === undefined ? undefined : await tablesInDatabase(url, module).catch(() => 'unreachable' as const)
  const seen =
    typeof inDatabase === 'object' ? problemsOf(module, inDatabase).map((problem) => `in the database, ${problem}`) : []
  const details = [...problems, ...seen]
  if (details.length > 0) return { about: 'tables', result: 'no', sentence: 'they cannot leave as they are', details }
  const where =
    url === undefined
      ? 'as its migrations make them'
      : inDatabase === 'unreachable'
        ? 'as its migrations make them; the database could not be reached'
        : 'in the migrations and in the database'
  const sentence = `${migrated.tables.length} in a schema of their own, each with a primary key, without sequences or foreign keys to others (${where})`
  return { about: 'tables', result: 'ok', sentence, details }
}

/** Between modules no calls may form a circle; between processes they may, and then neither can do without the other. */
export function cycles(declared: Graph, topology: Topology): Finding {
  const ofModules = callCycle(declared)
  if (ofModules !== undefined)
    return {
      about: 'cycles',
      result: 'no',
      sentence: `modules call each other in a circle: ${ofModules.join(' → ')}`,
      details: [],
    }
  const circle = callCycle(callsBetweenProcesses(declared, topology))
  if (circle === undefined)
    return { about: 'cycles', result: 'ok', sentence: 'calls between processes go one way', details: [] }
  const sentence = `processes would call each other in a circle, ${circle.join(' → ')}: none of them can work without the others`
  return { about: 'cycles', result: 'but', sentence, details: [] }
}

/** Whom the modules of each process call in others. The gateway is left out: it calls everybody and is called by nobody. */
function callsBetweenProcesses(declared: Graph, topology: Topology): Record<string, { calls: string[] }> {
  const processOf = processesIn(topology)
  return Object.fromEntries(
    Object.keys(topology.processes).map((process) => {
      const own = moduleNames.filter((name) => processOf(name) === process)
      const called = new Set(own.flatMap((name) => declared[name]?.calls ?? []).map(processOf))
      return [process, { calls: [...called].filter((other) => other !== process) }]
    }),
  )
}

/** In which process of a topology each module lives, and the gateway. */
export function processesIn(topology: Topology): (name: string) => string {
  const processes = new Map<string, string>()
  for (const process of Object.keys(topology.processes)) {
    const { modules, gateway } = placeOf(topology, process, moduleNames)
    for (const name of modules) processes.set(name, process)
    if (gateway) processes.set(gatewayName, process)
  }
  return (name) => processes.get(name)!
}

/** So many calls to one neighbour in one checkout are asked for in a loop, most likely. */
const chattyMin = 10

function chatter({ edges, callsPerCheckout }: Border, measurement: Measurement): Finding {
  const about = 'chatter'
  const count = edges.length === 1 ? 'one declared edge' : `${edges.length === 0 ? 'no' : edges.length} declared edges`
  if (callsPerCheckout === undefined) {
    const why =
      'unmeasured' in measurement
        ? measurement.unmeasured
        : 'No checkout was measured yet: buy something, and ask again.'
    return {
      about,
      result: 'ok',
      sentence: `${count} would cross the border; how often was not measured. ${why}`,
      details: [],
    }
  }
  const details = edges
    .filter(({ traffic }) => (traffic?.perCheckout ?? 0) > chattyMin)
    .map(({ from, to, traffic }) => `${from} calls ${to} ${traffic!.perCheckout!.toFixed(1)} times a checkout`)
  if (details.length > 0)
    return { about, result: 'but', sentence: 'it talks much with a neighbour: ask for more at once', details }
  const sentence = `${callsPerCheckout.toFixed(1)} calls a checkout on ${count} would cross the border`
  return { about, result: 'ok', sentence, details }
}
