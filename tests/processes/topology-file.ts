/** The topology of a world, at ports that are free. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts } from '#testing/cluster'
import type { ModuleName } from '../../src/modules.ts'

export type TopologyOptions = {
  /** Modules in processes of their own; the rest lives with the public face. */
  outside?: readonly ModuleName[]
  /** Instead: a file of this repository. */
  topology?: string
  /** How many of each process but that with the public face there are, each at an address of its own. */
  instances?: number
  /** Whether they announce themselves, in place of addresses in the file. */
  registered?: boolean
}

type Spec = { modules: string[]; url?: string | string[]; gateway?: boolean }

export type WrittenTopology = {
  /** Undefined where there is one process. */
  file: string | undefined
  /** The name of the process with the public face. */
  gateway: string
  /** The others, each with its port; of several instances each. */
  others: { process: string; port: string }[]
}

const root = join(import.meta.dirname, '..', '..')

export async function writeTopology(
  folder: string,
  { outside = [], topology, instances = 1, registered = false }: TopologyOptions,
): Promise<WrittenTopology> {
  if (outside.length === 0 && topology === undefined) return { file: undefined, gateway: 'hall', others: [] }
  const { processes } = topology === undefined ? made(outside) : await readFileOf(topology)
  const others: WrittenTopology['others'] = []
  const free = await freePorts(Object.keys(processes).length * instances)
  for (const [process, spec] of Object.entries(processes)) {
    if (spec.modules.length === 0) continue
    const ports = free.splice(0, spec.gateway ? 1 : instances)
    const urls = ports.map((port) => `http://127.0.0.1:${port}`)
    spec.url = registered ? 'registered' : urls
    if (!spec.gateway) others.push(...ports.map((port) => ({ process, port: String(port) })))
  }
  const file = join(folder, 'topology.json')
  await writeFile(file, JSON.stringify({ processes }))
  const [gateway] = Object.entries(processes).find(([, spec]) => spec.gateway)!
  return { file, gateway, others }
}

const made = (outside: readonly ModuleName[]): { processes: Record<string, Spec> } => ({
  processes: {
    hall: { modules: ['*'], gateway: true },
    ...Object.fromEntries(outside.map((module) => [module, { modules: [module] }])),
  },
})

const readFileOf = async (path: string) =>
  JSON.parse(await readFile(join(root, path), 'utf8')) as { processes: Record<string, Spec> }
