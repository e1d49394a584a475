/** This source tree, a copy of it to work in, and what is different there. */
import { statSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { CommandError } from '../command-error.ts'
import { filesBelow } from '../files-below.ts'

export const root = join(import.meta.dirname, '../../..')

/** What names modules, makes what is generated, or is it. */
const parts = [
  '.oxfmtrc.json',
  'README.md',
  'contracts',
  'docs',
  'drizzle',
  'drizzle.config.ts',
  'package.json',
  'scripts',
  'src',
  'tests',
  'topologies',
]

/** `before` is undefined where the file is new. Paths are below the root, with forward slashes. */
export type Change = { path: string; before: string | undefined; after: string }

export async function copyTree(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'markethall-new-'))
  const remove = () => rm(path, { recursive: true, force: true })
  try {
    for (const part of parts) await cp(join(root, part), join(path, part), { recursive: true })
    await symlink(join(root, 'node_modules'), join(path, 'node_modules'))
    return { path, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new CommandError(
      `Nothing is written: a module is begun in the whole source tree. ${(error as Error).message}`,
      {
        cause: error,
      },
    )
  }
}

/** Every file of a copy that this tree does not have, or has otherwise. */
export async function changesOf(copy: string): Promise<Change[]> {
  const changes: Change[] = []
  for (const part of parts)
    for (const path of filesAt(copy, part)) {
      const [before, after] = await Promise.all([textAt(join(root, path)), readFile(join(copy, path), 'utf8')])
      if (before !== after) changes.push({ path, before, after })
    }
  return changes
}

/** The sources of the program in a tree. */
export async function sourcesIn(tree: string): Promise<string[]> {
  const paths = filesBelow(tree, 'src').filter((path) => path.endsWith('.ts'))
  return Promise.all(paths.map((path) => readFile(join(tree, path), 'utf8')))
}

/** A file itself, or those below a folder. */
const filesAt = (tree: string, part: string): string[] =>
  statSync(join(tree, part)).isFile() ? [part] : filesBelow(tree, part)

async function textAt(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Makes the changes in a tree: all of them, or none. */
export async function moveIn(tree: string, changes: readonly Change[]): Promise<void> {
  const undo: (() => Promise<void>)[] = []
  try {
    for (const { path, before, after } of changes) {
      const file = join(tree, path)
      if ((await textAt(file)) !== before) throw new Error(`${path} has been changed meanwhile.`)
      const made = await mkdir(dirname(file), { recursive: true })
      if (made !== undefined) undo.push(() => rm(made, { recursive: true }))
      undo.push(() => (before === undefined ? rm(file, { force: true }) : writeFile(file, before)))
      await writeFile(file, after)
    }
  } catch (error) {
    for (const step of undo.toReversed()) await step()
    throw error
  }
}
