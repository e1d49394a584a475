/** A module moves out of a process of the hall into one of its own, and back. */
import { portOf } from '#platform/http/listen'
import { addressesIn, oneProcess, placeOf, type Topology } from '#platform/host/topology'
import { moduleNames } from '../../modules.ts'
import { CommandError } from '../command-error.ts'

type Spec = Topology['processes'][string]

const rest = '*'
const portFirst = 4100

/** The topology with the module in a process of its own, called as it is. Throws `CommandError` where it has one. */
export function withProcessOf(topology: Topology, module: string): Topology {
  const [home] = homeOf(topology, module)
  if (isAlone(topology, module)) throw new CommandError(`${module} has a process of its own already: ${home}.`)
  if (topology.processes[module] !== undefined && module !== home)
    throw new CommandError(`The topology has a process ${module} that hosts something else. Rename that first.`)
  if (module === home)
    throw new CommandError(`${module} lives in a process that is called ${module} and hosts more. Rename that first.`)
  const addressed = withAddresses(topology)
  const entries = Object.entries(addressed.processes).map(
    ([name, each]) => [name, name === home ? without(each, module) : each] as const,
  )
  const made = [module, { modules: [module], url: freeAddress(addressed, module) }] as const
  // Whatever takes the rest stands last, as one reads it.
  const last = entries.findIndex(([, { modules }]) => modules.includes(rest))
  const at = last < 0 ? entries.length : last
  return { ...topology, processes: Object.fromEntries([...entries.slice(0, at), made, ...entries.slice(at)]) }
}

/** The topology with the module back where the rest is. The last one that comes back leaves the one-process topology. */
export function withoutProcessOf(topology: Topology, module: string): Topology {
  const [home, spec] = homeOf(topology, module)
  if (!spec.modules.includes(module))
    throw new CommandError(
      `${module} lives in the process ${home}, with everything that has none of its own. It is folded.`,
    )
  const remaining = without(spec, module)
  if (remaining.modules.length === 0 && spec.gateway === true)
    throw new CommandError(
      `${home} is the gateway and has no other module: it cannot be folded. Let another process be the gateway.`,
    )
  const entries = Object.entries(topology.processes)
    .filter(([name]) => name !== home || remaining.modules.length > 0)
    .map(([name, each]) => [name, name === home ? remaining : each] as const)
  const taken = withRest(entries, module)
  return taken.length === 1 ? oneProcess : withAddresses({ ...topology, processes: Object.fromEntries(taken) })
}

/** Where no process takes the rest, the gateway's takes the module. */
function withRest(entries: (readonly [string, Spec])[], module: string): (readonly [string, Spec])[] {
  if (entries.some(([, { modules }]) => modules.includes(rest))) return entries
  return entries.map(([name, spec]) =>
    spec.gateway === true ? [name, { ...spec, modules: [...spec.modules, module] }] : [name, spec],
  )
}

/** Whether the module has a process of its own. */
export function isAlone(topology: Topology, module: string): boolean {
  const [home, { gateway }] = homeOf(topology, module)
  return placeOf(topology, home, moduleNames).modules.length === 1 && gateway !== true
}

/** The process in which the module lives. */
export function homeOf(topology: Topology, module: string): [string, Spec] {
  return Object.entries(topology.processes).find(([name]) =>
    placeOf(topology, name, moduleNames).modules.includes(module),
  )!
}

const without = (spec: Spec, module: string): Spec => ({
  ...spec,
  modules: spec.modules.filter((name) => name !== module),
})

/** Who has modules and no address needs one now: others will call it. */
function withAddresses(topology: Topology): Topology {
  const lacking = Object.keys(topology.processes).find((name) => {
    return topology.processes[name]!.url === undefined && placeOf(topology, name, moduleNames).modules.length > 0
  })
  if (lacking === undefined) return topology
  const { modules, ...others } = topology.processes[lacking]!
  const addressed = { modules, url: freeAddress(topology, lacking), ...others }
  return withAddresses({ ...topology, processes: { ...topology.processes, [lacking]: addressed } })
}

/** Where hosts are called as their processes, the same port there; else the next one at the first address's host. */
function freeAddress({ processes }: Topology, name: string): string {
  const addresses = Object.entries(processes).flatMap(([process, spec]) =>
    addressesIn(spec).map((url) => ({ process, url: new URL(url) })),
  )
  const [first] = addresses
  if (first !== undefined && addresses.every(({ process, url }) => url.hostname === process))
    return `http://${name}:${portOf(first.url)}`
  const host = first?.url.hostname ?? '127.0.0.1'
  return `http://${host}:${Math.max(portFirst - 1, ...addresses.map(({ url }) => portOf(url))) + 1}`
}
