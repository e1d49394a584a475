/**
 * What runs where a topology is deployed in containers: for each of its processes a program that answers, and one that works its
 * queues, all from the one image. In containers each process has a host of its own, so the addresses are made anew.
 */
import { placeOf, type Topology } from '#platform/host/topology'
import { moduleNames } from '../../modules.ts'
import { CommandError } from '../command-error.ts'

/** Where every program finds its topology. */
export const topologyFile = '/etc/markethall/topology.json'
export const publicPort = 4000
export const internalPort = 4001
/** Where every program tells its figures, to whoever can reach it: nothing leads there from outside. */
export const metricsPort = 4002
/** The settings that open it: in a container nobody comes by the loopback. */
export const metricsSettings = { METRICS_PORT: String(metricsPort), METRICS_HOST: '0.0.0.0' }

/** The module whose process talks to the payment provider. */
const paymentsModule = 'payments'

export type Program = {
  /** Its host name, too. */
  name: string
  /** The process of the topology that it is, or works for. */
  process: string
  /** `face`: answers calls, and clients where it is the gateway. `worker`: does the background work of the same modules. */
  role: 'face' | 'worker'
  modules: string[]
  isGateway: boolean
  /** Whether other processes call it. */
  isCalled: boolean
  talksToProvider: boolean
  /** How many connections to PostgreSQL it may open. */
  connections: number
  /** What the image runs, after `node`. */
  command: string[]
}

export type Plan = {
  /** The topology with the addresses of the containers; undefined where one process is all, and needs none. */
  topology: Topology | undefined
  programs: Program[]
}

/** Plans the programs of a topology. Throws `CommandError` where a process's name cannot be a host's, or is taken. */
export function planOf(topology: Topology, { taken = [] }: { taken?: readonly string[] } = {}): Plan {
  const names = Object.keys(topology.processes)
  const placed = names.length > 1 || names[0] !== 'hall' ? inContainers(topology) : undefined
  const programs = names.flatMap((name) => programsOf(topology, name, placed !== undefined))
  for (const { name } of programs) assertHostName(name, [...taken, ...programs.map((program) => program.name)])
  return { topology: placed, programs }
}

function programsOf(topology: Topology, process: string, hasTopology: boolean): Program[] {
  const { modules, gateway } = placeOf(topology, process, moduleNames)
  const where = hasTopology ? ['--topology', topologyFile] : []
  const base = {
    process,
    modules,
    talksToProvider: modules.includes(paymentsModule),
    connections: connectionsFor(modules),
  }
  const isCalled = modules.length > 0 && Object.keys(topology.processes).length > 1
  const which = hasTopology ? ['--process', process] : []
  const face: Program = {
    ...base,
    name: process,
    role: 'face',
    isGateway: gateway,
    isCalled,
    command: [...flags, 'src/main.ts', ...where, ...which],
  }
  if (modules.length === 0) return [face]
  const command = [...flags, 'workers/main.ts', ...where, ...modules]
  return [face, { ...base, name: `${process}-worker`, role: 'worker', isGateway: false, isCalled: false, command }]
}

const flags = ['--import', './src/quick-imports.ts', '--max-semi-space-size=8']

/** About what a module has where all share one process, and no more than such a process by default. */
const connectionsFor = (modules: readonly string[]): number => Math.min(48, 4 + 4 * Math.max(1, modules.length))

const hostName = /^[a-z]([a-z0-9-]{0,60}[a-z0-9])?$/

function assertHostName(name: string, taken: readonly string[]): void {
  if (!hostName.test(name))
    throw new CommandError(
      `The process ${name} cannot be deployed under its name: hosts are named with small letters, digits and -. Rename it.`,
    )
  if (taken.filter((other) => other === name).length > 1)
    throw new CommandError(`Two things would be called ${name}. Rename the process in the topology.`)
}

/** The topology with each process at the host of its own name. */
function inContainers(topology: Topology): Topology {
  const processes = Object.entries(topology.processes).map(([name, spec]) => {
    const { modules, url, ...rest } = spec
    const isAsked = url !== undefined || placeOf(topology, name, moduleNames).modules.length > 0
    return [name, { modules, ...(isAsked && { url: `http://${name}:${internalPort}` }), ...rest }] as const
  })
  return { ...topology, processes: Object.fromEntries(processes) }
}
