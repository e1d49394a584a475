/** Where modules are named one by one, and how a new one is entered there. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { portOf } from '#platform/http/listen'
import type { Topology } from '#platform/host/topology'
import { CommandError } from '../command-error.ts'
import { printTopology } from '../topologies.ts'
import { capitalised, type Words } from './template.ts'

export type Entry = { path: string; enter(text: string): string }

/** All entries of a module in a tree. Several may be in one file. */
export async function entriesFor({ name }: Words, tree: string): Promise<Entry[]> {
  const create = `create${capitalised(name)}Module`
  const chapter = `keep${capitalised(name)}`
  const imported = (what: string, from: string) => `import { ${what} as ${name} } from '#modules/${from}'`
  const filesIn = async (folder: string) => (await readdir(join(tree, folder))).map((file) => `${folder}/${file}`)
  return [
    before('src/modules.ts', /^} as const$/m, `  ${name}: { calls: [], listens: [], sendsJobs: [] },`),
    before(
      'src/modules.ts',
      /^ {2}audit: async/m,
      `  ${name}: async () => (await import('./modules/${name}/module.ts')).${create}(),`,
    ),
    among('src/contracts.ts', /^import \{ contract as .*$/gm, imported('contract', name)),
    before('src/contracts.ts', /^ {2}audit,$/m, `  ${name},`),
    among('src/modules/audit/handlers.ts', /^import \{ audited as .*$/gm, imported('audited', name)),
    last('src/modules/audit/handlers.ts', /^const heard = \[[^\]]*?(?=,?\s*\])/m, `, ${name}`),
    before('README.md', /^\| \[audit\]\(/m, `| [${name}](src/modules/${name}/README.md) | its entries | | |`),
    among(
      'tests/differential/story.ts',
      /^import \{ .* from '.\/story\/.*$/gm,
      `import { ${chapter} } from './story/${name}.ts'`,
    ),
    before('tests/differential/story.ts', /^ {2}askWhatWasDone,$/m, `  ${chapter},`),
    ...(await filesIn('topologies')).map((path) => ({ path, enter: (text: string) => withProcess(text, name) })),
  ]
}

/** A line before the first that is so. */
const before = (path: string, line: RegExp, added: string): Entry => ({
  path,
  enter: (text) => text.slice(0, found(path, text.search(line))) + `${added}\n` + text.slice(text.search(line)),
})

/** An import among those that are so, in the order of what they import from. */
const among = (path: string, lines: RegExp, added: string): Entry => ({
  path,
  enter(text) {
    const all = [...text.matchAll(lines)]
    const next = all.find(([line]) => sourceOf(line) > sourceOf(added))
    if (next) return text.slice(0, next.index) + `${added}\n` + text.slice(next.index)
    const lastOne = all.at(-1)
    const end = found(path, lastOne ? lastOne.index + lastOne[0].length : -1)
    return `${text.slice(0, end)}\n${added}${text.slice(end)}`
  },
})

const sourceOf = (line: string): string => line.slice(line.lastIndexOf(' from '))

/** At the end of what is so. */
const last = (path: string, what: RegExp, added: string): Entry => ({
  path,
  enter(text) {
    found(path, text.search(what))
    return text.replace(what, `$&${added}`)
  },
})

function found(path: string, index: number): number {
  if (index >= 0) return index
  throw new CommandError(
    `Nothing is written: ${path} has been changed so that there is no place for a module. CONTRIBUTING.md says how to add one by hand.`,
  )
}

/** A topology in which no process takes the rest gets one for the module, at the next port. */
function withProcess(text: string, name: string): string {
  const topology = JSON.parse(text) as Topology
  const processes = Object.values(topology.processes)
  if (processes.some(({ modules }) => modules.includes('*'))) return text
  const ports = processes.flatMap(({ url }) => (typeof url === 'string' && url !== 'registered' ? [portOf(url)] : []))
  const url = `http://127.0.0.1:${Math.max(...ports) + 1}`
  return printTopology({ ...topology, processes: { ...topology.processes, [name]: { modules: [name], url } } })
}
