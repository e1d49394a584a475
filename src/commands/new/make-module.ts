/**
 * Makes a module: in a copy of this tree, where what exists already makes what is generated, and moved in once all of it is there. So
 * whatever goes wrong before leaves the tree as it was.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { CommandError } from '../command-error.ts'
import { entriesFor } from './entries.ts'
import { moduleFiles, type Words } from './template.ts'
import { changesOf, copyTree, moveIn, root, sourcesIn } from './tree.ts'

const execute = promisify(execFile)

/** Answers the paths that were created and those that were changed. */
export async function makeModule(name: string, signal: AbortSignal): Promise<{ created: string[]; changed: string[] }> {
  await using copy = await copyTree()
  const { path: tree } = copy
  const words = await wordsFor(name, tree)
  const files = await moduleFiles(words)
  for (const path of [...files.keys(), `drizzle/${name}`]) assertFree(tree, path)
  for (const [path, text] of files) await writeNew(join(tree, path), text)
  for (const { path, enter } of await entriesFor(words, tree)) {
    const file = join(tree, path)
    await writeFile(file, enter(await readFile(file, 'utf8')))
  }
  const run = (program: string, ...args: string[]) => runIn(tree, [program, ...args], signal)
  await run('scripts/generate.ts', name, '--name', `create_${name}`)
  await run('scripts/docs.ts')
  const written = await changesOf(tree)
  const formatted = written.map(({ path }) => path).filter((path) => path.endsWith('.ts'))
  await run('node_modules/oxfmt/bin/oxfmt', ...formatted)
  signal.throwIfAborted()
  const changes = await changesOf(tree)
  await moveIn(root, changes)
  const isNew = ({ before }: (typeof changes)[number]) => before === undefined
  return {
    created: changes.filter(isNew).map(({ path }) => path),
    changed: changes.filter((change) => !isNew(change)).map(({ path }) => path),
  }
}

/** What there is of a module that is not declared is somebody's, and stays. */
function assertFree(tree: string, path: string): void {
  if (existsSync(join(tree, path))) throw new CommandError(`Nothing is written: there is something at ${path} already.`)
}

async function writeNew(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

const takenPrefix = /\b(?:id|newId|unknown)\('([a-z]+)'/g

/** The words that stand in the template for this module. Its ids begin with letters of its name with which no others begin. */
async function wordsFor(name: string, tree: string): Promise<Words> {
  const taken = new Set<string>()
  for (const text of await sourcesIn(tree)) for (const [, prefix] of text.matchAll(takenPrefix)) taken.add(prefix!)
  const [first = '', second = '', ...others] = name
  const shorter = [...others, ''].map((letter) => first + second + letter)
  const prefix = [...shorter, name].find((each) => !taken.has(each)) ?? name
  const today = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format()
  return { name, prefix, today }
}

async function runIn(tree: string, args: string[], signal: AbortSignal): Promise<void> {
  try {
    await execute(process.execPath, args, { cwd: tree, signal })
  } catch (error) {
    signal.throwIfAborted()
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    const said = `${stdout}${stderr}`.trim() || (error as Error).message
    throw new CommandError(
      `Nothing is written: ${args[0]} failed. Are the tools installed (npm ci)? It said:\n${said}`,
      {
        cause: error,
      },
    )
  }
}
