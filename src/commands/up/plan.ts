/** What is to run of a topology on this machine: its processes, in the order in which they need each other. */
import { refuseCallCycle } from '#platform/host/call-cycle'
import { portOf } from '#platform/http/listen'
import { addressesIn, placeOf, type Topology } from '#platform/host/topology'
import { graph, moduleNames } from '../../modules.ts'

export type PlannedProcess = {
  name: string
  modules: readonly string[]
  /** Whether the public face is here. */
  gateway: boolean
  /** A path of this project, and what it is given. */
  program: string
  args: readonly string[]
  /** Settings of its own, beside those of all. */
  settings: Record<string, string>
}

type Plan = {
  topology: Topology
  /** Where the topology stands. */
  file: string
  /** So many processes do the background work, and the others leave it to them; without any, each does its own. */
  workers: number
}

/** The processes in waves: each calls only what lives in its own or in an earlier one, as far as that is possible. */
export function planProcesses({ topology, file, workers }: Plan): PlannedProcess[][] {
  refuseCallCycle(graph)
  const leftToWorkers: Record<string, string> = workers === 0 ? {} : { WORKERS: 'off' }
  const waves = Object.entries(topology.processes).flatMap(([name, spec]) => {
    const { modules, gateway } = placeOf(topology, name, moduleNames)
    const planned: PlannedProcess = {
      name,
      modules,
      gateway,
      program: 'src/main.ts',
      args: ['--topology', file, '--process', name],
      settings: leftToWorkers,
    }
    const addresses = addressesIn(spec)
    // Each address is an instance of its own; the public face can be open only once.
    const instances =
      addresses.length < 2 || gateway ? [planned] : addresses.map((url, index) => instanceOf(planned, url, index))
    const callers = gateway ? [...modules, 'gateway'] : modules
    const wave = Math.max(...callers.map((each) => depthOf(each as keyof typeof graph)))
    return instances.map((instance) => ({ planned: instance, wave }))
  })
  // A worker brings all modules with it, so it needs nobody.
  const working = Array.from({ length: workers }, (_, index) => ({ planned: worker(index + 1), wave: 0 }))
  const byWave = Map.groupBy([...waves, ...working], ({ wave }) => wave)
  return [...byWave.entries()].toSorted(([one], [other]) => one - other).map(([, of]) => of.map((each) => each.planned))
}

const instanceOf = (planned: PlannedProcess, url: string, index: number): PlannedProcess => ({
  ...planned,
  name: `${planned.name}-${index + 1}`,
  settings: { ...planned.settings, INTERNAL_PORT: String(portOf(url)) },
})

/** How many calls may follow one upon the other below a caller. */
function depthOf(caller: keyof typeof graph): number {
  const { calls } = graph[caller]
  return calls.length === 0 ? 0 : 1 + Math.max(...calls.map(depthOf))
}

const worker = (number: number): PlannedProcess => ({
  name: `worker-${number}`,
  modules: moduleNames,
  gateway: false,
  program: 'workers/main.ts',
  args: [],
  settings: {},
})
