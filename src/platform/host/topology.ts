/** Topologies: which process hosts which modules. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'

const address = z.url({ protocol: /^https?$/ })

const processSpec = z.strictObject({
  /** Names of modules; `*` is everything that no other process names. */
  modules: z.array(z.string()).min(1),
  /**
   * The process's internal face, as the others reach it: an address, one for each of its instances, or `registered` where instances announce
   * themselves as they come and go.
   */
  url: z.union([z.literal('registered'), address, z.array(address).min(1)]).optional(),
  /** Whether the public face is here. */
  gateway: z.boolean().optional(),
})

const topologySchema = z.strictObject({ processes: z.record(z.string(), processSpec) })

type ProcessSpec = z.infer<typeof processSpec>
export type Topology = z.infer<typeof topologySchema>

/** The one-process topology: everything here. */
export const oneProcess: Topology = { processes: { hall: { modules: ['*'], gateway: true } } }

/** Where each module that is elsewhere lives: an address for each instance of its process, unless these announce themselves. */
export type Elsewhere = ReadonlyMap<string, readonly string[] | 'registered'>

/** What one process of a topology must know. */
export type Place = {
  process: string
  /** The modules hosted here. */
  modules: string[]
  /** Whether the public face is here. */
  gateway: boolean
  /** Where others reach the own internal face: an address for each instance of this process; undefined where there are no others. */
  face: readonly string[] | 'registered' | undefined
  elsewhere: Elsewhere
}

/** Reads a topology file. Throws a sentence that names the file and what is wrong in it. */
export async function readTopology(file: string, moduleNames: readonly string[]): Promise<Topology> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Error(`The topology ${file} cannot be read. Check its path.`)
  })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new Error(`The topology ${file} is not JSON: ${(error as Error).message}`, { cause: error })
  }
  const parsed = topologySchema.safeParse(json)
  if (!parsed.success) throw new Error(`The topology ${file} is not valid: ${z.prettifyError(parsed.error)}`)
  const problem = problemOf(parsed.data, moduleNames)
  if (problem) throw new Error(`The topology ${file} is not valid: ${problem}`)
  return parsed.data
}

function problemOf({ processes }: Topology, moduleNames: readonly string[]): string | undefined {
  const specs = Object.entries(processes)
  const named = specs.flatMap(([, { modules }]) => modules)
  const unknown = named.find((name) => name !== '*' && !moduleNames.includes(name))
  if (unknown !== undefined) return `there is no module ${unknown}; there are ${moduleNames.join(', ')}.`
  const twice = named.find((name, index) => named.indexOf(name) !== index)
  if (twice !== undefined) return `${twice} is placed twice.`
  const missing = moduleNames.filter((name) => !named.includes(name))
  if (missing.length > 0 && !named.includes('*'))
    return `${missing.join(', ')} is placed nowhere; give one process "*".`
  const without = specs.find(([, { url }]) => specs.length > 1 && url === undefined)
  if (without) return `the process ${without[0]} needs a url, at which the others reach it.`
  const urls = specs.flatMap(([, spec]) => addressesIn(spec).map((each) => new URL(each)))
  const withPath = urls.find(({ pathname, search }) => pathname !== '/' || search !== '')
  if (withPath) return `the url ${withPath.href} must end with its host and port.`
  const sameUrl = urls.find(({ origin }, index) => urls.findIndex((url) => url.origin === origin) !== index)
  if (sameUrl) return `two processes cannot both be at ${sameUrl.origin}.`
  if (specs.filter(([, { gateway }]) => gateway).length !== 1) return 'exactly one process must have "gateway": true.'
  return undefined
}

function modulesOf({ processes }: Topology, { modules }: ProcessSpec, moduleNames: readonly string[]): string[] {
  const named = Object.values(processes).flatMap((each) => each.modules)
  const rest = moduleNames.filter((name) => !named.includes(name))
  return modules.flatMap((name) => (name === '*' ? rest : [name]))
}

/** Where each module lives that another process than this one hosts, at an address that the topology names. */
export function elsewhereFor(
  topology: Topology,
  processName: string | undefined,
  moduleNames: readonly string[],
): Map<string, readonly string[] | 'registered'> {
  const elsewhere = new Map<string, readonly string[] | 'registered'>()
  for (const [name, other] of Object.entries(topology.processes)) {
    const face = faceOf(other)
    if (name === processName || face === undefined) continue
    for (const module of modulesOf(topology, other, moduleNames)) elsewhere.set(module, face)
  }
  return elsewhere
}

const faceOf = ({ url }: ProcessSpec): Place['face'] =>
  url === undefined || url === 'registered' ? url : typeof url === 'string' ? [url] : url

const addressesIn = (spec: ProcessSpec): readonly string[] => {
  const face = faceOf(spec)
  return face === undefined || face === 'registered' ? [] : face
}

/** What the named process must know of the topology. */
export function placeOf(topology: Topology, processName: string, moduleNames: readonly string[]): Place {
  const spec = topology.processes[processName]
  if (!spec) {
    throw new Error(`The topology has no process ${processName}; it has ${Object.keys(topology.processes).join(', ')}.`)
  }
  return {
    process: processName,
    modules: modulesOf(topology, spec, moduleNames),
    gateway: spec.gateway ?? false,
    face: faceOf(spec),
    elsewhere: elsewhereFor(topology, processName, moduleNames),
  }
}
