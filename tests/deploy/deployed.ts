/** What tests of deployments share: the topologies, and what must be so of every program that an image is told to run. */
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, readConfig } from '#platform/config'
import { oneProcess, placeOf, readTopology, type Topology } from '#platform/host/topology'
import { moduleNames } from '../../src/modules.ts'

const root = join(import.meta.dirname, '../..')
const files = readdirSync(join(root, 'topologies')).filter((file) => file.endsWith('.json'))

const named = files.map(async (file) => {
  return { name: file.slice(0, -5), topology: await readTopology(join(root, 'topologies', file), moduleNames) }
})

/** Those of the repository, and all in one process. */
export const topologies: { name: string; topology: Topology }[] = [
  ...(await Promise.all(named)),
  { name: 'one-process', topology: oneProcess },
]

export const options = (file: string) => ({ image: 'markethall', context: '.', file, madeBy: 'deploy' })

/** What is read from a file, whose shape the tests are to find out. */
export type Fields = Record<string, any>

/** The names that stand for no setting: a setting refuses what is none by its name, or what is read changes with it. */
export function notSettings(names: readonly string[]): string[] {
  const before = JSON.stringify(readConfig({}))
  const isSetting = (name: string, value: string): boolean => {
    try {
      return JSON.stringify(readConfig({ [name]: value })) !== before
    } catch (error) {
      return error instanceof ConfigError && error.variables.includes(name)
    }
  }
  return names.filter((name) => !['\u0001', '9999'].some((value) => isSetting(name, value)))
}

/** What a program is told to run that is not there: files, processes of the topology, modules. */
export function missingIn(command: readonly string[], topology: Topology): string[] {
  const at = command.findIndex((word) => word.endsWith('.ts') && !word.startsWith('./'))
  const program = command[at] ?? 'no program'
  const after = command.slice(at + 1)
  const process = after[after.indexOf('--process') + 1]!
  const isPlaced = Object.keys(topology.processes).length > 1
  const wrong = {
    'src/main.ts': isPlaced && !(process in topology.processes) ? [process] : [],
    'workers/main.ts': after.filter((word) => /^[a-z]+$/.test(word) && !(moduleNames as string[]).includes(word)),
  }
  const isThere = command[0] === 'node' && existsSync(join(root, program))
  return [...(isThere ? [] : [program]), ...(wrong[program as keyof typeof wrong] ?? [])]
}

/** The modules that workers work, in the order of their names: each must be there once. */
export const workedBy = (commands: readonly (readonly string[])[]): string[] =>
  commands
    .filter((command) => command.includes('workers/main.ts'))
    .flatMap((command) => command.filter((word) => (moduleNames as string[]).includes(word)))
    .toSorted()

/** The topology that programs are given, as they read it. */
export async function topologyInside(text: string): Promise<Topology> {
  const folder = await mkdtemp(join(tmpdir(), 'markethall-deploy-'))
  try {
    await writeFile(join(folder, 'topology.json'), text)
    return await readTopology(join(folder, 'topology.json'), moduleNames)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export const addressesIn = ({ processes }: Topology): { name: string; url: URL }[] =>
  Object.entries(processes).flatMap(([name, { url }]) =>
    [url ?? []].flat().map((each) => ({ name, url: new URL(each) })),
  )

/** The processes of a topology that host anything. */
export const hostingIn = (topology: Topology): string[] =>
  Object.keys(topology.processes).filter((name) => placeOf(topology, name, moduleNames).modules.length > 0)
