/** Topologies: which process hosts which modules. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'

const urlComplaint = 'must be a URL such as http://127.0.0.1:4101, a list of them, or "registered"'
const address = z.url({ protocol: /^https?$/, error: urlComplaint })

const processSpec = z.strictObject(
  {
    /** Names of modules; `*` is everything that no other process names. Only a gateway may do without. */
    modules: z.array(z.string('must be the name of a module'), {
      error: 'must be a list of names, such as ["audit"], or ["*"] for all that no other process names',
    }),
    /**
     * The process's internal face, as the others reach it: an address, one for each of its instances, or `registered` where instances
     * announce themselves as they come and go. Not needed where there is no module.
     */
    url: z
      .union([z.literal('registered'), address, z.array(address).min(1)], {
        error: urlComplaint,
      })
      .optional(),
    /** Whether the public face is here. */
    gateway: z.boolean({ error: 'must be true or false' }).optional(),
  },
  { error: (issue) => unknownKeys(issue, 'modules, url and gateway') ?? 'must be an object with "modules"' },
)

const topologySchema = z.strictObject(
  {
    processes: z.record(z.string(), processSpec, {
      error: 'must be an object with the processes by their names',
    }),
  },
  { error: (issue) => unknownKeys(issue, 'only "processes"') ?? 'must be an object with "processes"' },
)

const unknownKeys = (issue: { code: string; keys?: unknown }, known: string): string | undefined =>
  issue.code === 'unrecognized_keys'
    ? `may not have ${(issue.keys as string[]).join(', ')}; it has ${known}`
    : undefined

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
  const problem = parsed.success
    ? (problemOfText(text) ?? problemOf(parsed.data, moduleNames))
    : parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'} ${message}.`).join(' ')
  if (!parsed.success || problem !== undefined) throw new Error(`The topology ${file} is not valid: ${problem}`)
  return parsed.data
}

type Specs = [name: string, spec: Topology['processes'][string]][]

/** What JSON hides: of two keys of one name the first is lost, and its process with it. */
function problemOfText(text: string): string | undefined {
  const strings = [...text.matchAll(/"((?:[^"\\]|\\.)*)"\s*(:)?/g)]
  const names = strings.flatMap(([, name = '', colon]) => (colon && !(name in processSpec.shape) ? [name] : []))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  return twice === undefined ? undefined : `it names ${twice} twice; a process stands there once.`
}

function problemOf({ processes }: Topology, moduleNames: readonly string[]): string | undefined {
  const specs = Object.entries(processes)
  return problemOfNames(specs) ?? problemOfModules(specs, moduleNames) ?? problemOfUrls(specs) ?? problemOfFaces(specs)
}

const hostName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

function problemOfNames(specs: Specs): string | undefined {
  if (specs.length === 0) return 'it has no process.'
  const wrong = specs.find(([name]) => !hostName.test(name))
  if (wrong === undefined) return undefined
  return (
    `"${wrong[0]}" cannot name a process, since it may become the name of a host: ` +
    'small letters, digits and hyphens inside, 63 at most.'
  )
}

function problemOfModules(specs: Specs, moduleNames: readonly string[]): string | undefined {
  const placed = specs.flatMap(([process, { modules }]) => modules.map((module) => ({ process, module })))
  const unknown = placed.find(({ module }) => module !== '*' && !moduleNames.includes(module))
  if (unknown !== undefined)
    return `${unknown.process} cannot host ${unknown.module}, which is no module; there are ${moduleNames.join(', ')}.`
  const again = placed.find(({ module }, index) => placed.findIndex((each) => each.module === module) !== index)
  if (again !== undefined) {
    const { process: first } = placed.find(({ module }) => module === again.module)!
    return again.module === '*'
      ? `"*" stands in ${first} and in ${again.process}; one process takes the rest.`
      : `${again.module} is placed twice, in ${first} and in ${again.process}.`
  }
  const named = placed.map(({ module }) => module)
  const missing = moduleNames.filter((name) => !named.includes(name))
  if (missing.length > 0 && !named.includes('*'))
    return `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} placed nowhere; give one process "*".`
  const idle = specs.find(([, { modules, gateway }]) => !gateway && hostsNothing(modules, missing))
  if (idle) return `${idle[0]} has neither a module nor the public face, so it has nothing to do. Take it out.`
  return undefined
}

const hostsNothing = (modules: readonly string[], rest: readonly string[]): boolean =>
  modules.every((name) => name === '*' && rest.length === 0)

function problemOfUrls(specs: Specs): string | undefined {
  const without = specs.find(([, { url, modules }]) => specs.length > 1 && url === undefined && modules.length > 0)
  if (without) return `the process ${without[0]} needs a url, at which the others reach it.`
  const urls = specs.flatMap(([name, spec]) => addressesIn(spec).map((url) => ({ name, url: new URL(url) })))
  const overlong = urls.find(({ url }) => url.href !== `${url.origin}/`)
  if (overlong) return `the url of ${overlong.name} may hold a host and a port, and nothing else.`
  for (const [index, { name, url }] of urls.entries()) {
    const first = urls.findIndex((other) => other.url.origin === url.origin)
    if (first !== index) return `${urls[first]!.name} and ${name} cannot both be at ${url.origin}.`
  }
  return undefined
}

function problemOfFaces(specs: Specs): string | undefined {
  const gateways = specs.flatMap(([name, { gateway }]) => (gateway ? [name] : []))
  if (gateways.length === 0) return 'no process has the public face; give one "gateway": true.'
  if (gateways.length > 1) return `${gateways.join(' and ')} have "gateway": true; one process has the public face.`
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

/** The addresses that a topology names for a process. */
export const addressesIn = (spec: ProcessSpec): readonly string[] => {
  const face = faceOf(spec)
  return face === undefined || face === 'registered' ? [] : face
}

/** What the named process must know of the topology. */
export function placeOf(topology: Topology, processName: string, moduleNames: readonly string[]): Place {
  const spec = topology.processes[processName]
  if (!spec) {
    const names = Object.keys(topology.processes).join(', ')
    throw new Error(`The topology has no process ${processName}; it has ${names}. Say which with --process.`)
  }
  return {
    process: processName,
    modules: modulesOf(topology, spec, moduleNames),
    gateway: spec.gateway ?? false,
    face: faceOf(spec),
    elsewhere: elsewhereFor(topology, processName, moduleNames),
  }
}
