/**
 * Which files of this repository make a module a project of its own: what its programs, its tests and its tools import, found by
 * following their imports, and never by a list of what somebody once needed.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Topology } from '#platform/host/topology'
import { graph, type ModuleName, moduleNames } from '../../../modules.ts'
import { importsOf } from '../../check/boundary.ts'
import { CommandError } from '../../command-error.ts'
import { filesBelow } from '../../files-below.ts'

export type Project = {
  module: ModuleName
  /** Where it is one process, and which. */
  topology: Topology
  process: string
  /** The hall's folder of data, as seen from the project. */
  dataDir: string
}

/** The provider's sandbox is what a test hall with this module needs beside it. */
const provider = { module: 'payments', file: 'sandbox/server.ts' } as const

/** What works there as it is. */
const rootFiles = [
  '.dependency-cruiser.cjs',
  '.gitignore',
  '.npmrc',
  '.oxfmtrc.json',
  '.oxlintrc.json',
  'LICENSE',
  'drizzle.config.ts',
  'package-lock.json',
  'tsconfig.json',
  'vitest.config.ts',
]

/** From where imports are followed, besides the module's own files and the platform. */
const programs = [
  'src/start-process.ts',
  'src/quick-imports.ts',
  'workers/main.ts',
  'scripts/generate.ts',
  'scripts/check-boundaries.ts',
  'tests/setup/global.ts',
]

/** The modules that one depends on, directly or through others, and itself: those that its tests are run with. As in the graph. */
export function circleOf(module: ModuleName): ModuleName[] {
  const circle = new Set<ModuleName>([module])
  for (const name of circle) {
    const { calls, listens, sendsJobs } = graph[name]
    for (const other of [...calls, ...listens, ...sendsJobs]) circle.add(other)
  }
  return moduleNames.filter((name) => circle.has(name))
}

/** Where the whole of a neighbour is, for tests alone: in its place among the sources is only its contract. */
export const neighbourFolder = (module: string): string => `tests/neighbours/${module}`

/** Where the provider's sandbox is in the project of `module`; undefined where none of its tests has payments. */
export function providerIn(module: ModuleName): string | undefined {
  if (!circleOf(module).includes(provider.module)) return undefined
  const folder = module === provider.module ? `src/modules/${module}` : neighbourFolder(provider.module)
  return `${folder}/${provider.file}`
}

/**
 * The files, by their paths in the project, each with its path below `root`. Those in `made` are written anew, and not followed here.
 * Throws `CommandError` where something is missing that only the repository has.
 */
export function partsOf(root: string, module: ModuleName, made: ReadonlySet<string>): Map<string, string> {
  const circle = circleOf(module)
  const neighbours = circle.filter((name) => name !== module)
  const files = (folder: string) => (existsSync(join(root, folder)) ? filesBelow(root, folder) : [])
  const entries = [
    ...programs,
    ...files(`src/modules/${module}`),
    ...files('src/platform').filter((path) => !path.endsWith('.test.ts')),
    ...circle.map((name) => `src/modules/${name}/index.ts`),
  ].map((path) => ({ path, to: path }))
  const apart = neighbours.flatMap((name) =>
    ['module.ts', ...(name === provider.module ? [provider.file] : [])].map((file) => ({
      path: `src/modules/${name}/${file}`,
      to: `${neighbourFolder(name)}/${file}`,
    })),
  )
  const parts = follow(root, [...entries, ...apart], made)
  const migrations = circle.flatMap((name) => files(`drizzle/${name}`))
  for (const path of [...rootFiles, ...migrations]) parts.set(path, path)
  const missing = [...parts.values()].find((path) => !existsSync(join(root, path)))
  if (missing !== undefined)
    throw new CommandError(`${missing} is not here. A project of its own is written from a checkout of the repository.`)
  return parts
}

type Part = { path: string; to: string }

/** The entries, and all that they import. What a neighbour imports of itself goes where it goes. */
function follow(root: string, entries: readonly Part[], made: ReadonlySet<string>): Map<string, string> {
  const parts = new Map<string, string>()
  const open = [...entries]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path, to } = next
    if (made.has(to) || parts.has(to)) continue
    parts.set(to, path)
    if (!path.endsWith('.ts') || !existsSync(join(root, path))) continue
    const { here, there } = foldersOf(next)
    for (const imported of importsOf({ path, text: readFileSync(join(root, path), 'utf8') })) {
      if (!existsSync(join(root, imported))) continue
      open.push({ path: imported, to: imported.startsWith(here) ? `${there}${imported.slice(here.length)}` : imported })
    }
  }
  return parts
}

/** The folder of a neighbour's file here and in the project; that of any other file is the same, and names nothing. */
function foldersOf({ path, to }: Part): { here: string; there: string } {
  if (path === to) return { here: '', there: '' }
  const here = /^src\/modules\/[^/]+\//.exec(path)![0]
  return { here, there: to.slice(0, to.length - (path.length - here.length)) }
}
