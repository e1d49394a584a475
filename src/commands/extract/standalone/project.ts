/** A module written as a project of its own, into a folder that was not there. */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { ModuleName } from '../../../modules.ts'
import { CommandError } from '../../command-error.ts'
import { madeFiles } from './made-files.ts'
import { partsOf, type Project } from './parts.ts'

type Written = {
  files: number
  /** The modules whose contracts went along. */
  contracts: string[]
  remove(): Promise<void>
}

const projectRoot = join(import.meta.dirname, '../../../..')

/** Throws `CommandError` unless the folder is new or empty, and apart from this hall. */
export function assertFree(folder: string): void {
  const path = realPathOf(folder)
  const root = realpathSync(projectRoot)
  if (isWithin(path, root) || isWithin(root, path))
    throw new CommandError(
      `${folder} ${path === root ? 'is' : isWithin(path, root) ? 'is inside' : 'is around'} this hall. Give a folder beside it.`,
    )
  if (!existsSync(path)) return
  if (!statSync(path).isDirectory()) throw new CommandError(`${folder} is a file. Give the name of a new folder.`)
  if (readdirSync(path).length > 0)
    throw new CommandError(`${folder} is not empty. Nothing is written over: give the name of a new folder.`)
}

/** The path with every link followed, as far as it is there. */
function realPathOf(path: string): string {
  const whole = resolve(path)
  if (existsSync(whole)) return realpathSync(whole)
  return whole === dirname(whole) ? whole : join(realPathOf(dirname(whole)), basename(whole))
}

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep)

/** Writes the project: all of it, or nothing. `dataDir` is the hall's. */
export async function writeProject(folder: string, { dataDir, ...project }: Project): Promise<Written> {
  assertFree(folder)
  const path = realPathOf(folder)
  const made = madeFiles(projectRoot, { ...project, dataDir: relative(path, dataDir) })
  const parts = partsOf(projectRoot, project.module, new Set(made.keys()))
  await inOneStep(path, async (draft) => {
    const write = async (to: string, put: (file: string) => Promise<void>) => {
      await mkdir(dirname(join(draft, to)), { recursive: true })
      await put(join(draft, to))
    }
    for (const [to, from] of parts) await write(to, (file) => copyFile(join(projectRoot, from), file))
    for (const [to, text] of made) await write(to, (file) => writeFile(file, text))
  })
  return {
    files: parts.size + made.size,
    contracts: contractsIn(parts, project.module),
    remove: () => rm(path, { recursive: true, force: true }),
  }
}

/** Makes the folder under another name first, so that nobody ever sees a part of it. */
async function inOneStep(path: string, fill: (draft: string) => Promise<void>): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await mkdir(draft, { recursive: true })
    await fill(draft)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if (!(error instanceof Error && 'code' in error)) throw error
    throw new CommandError(`${path} cannot be written: ${error.message}. Nothing of it is left.`, { cause: error })
  }
}

function contractsIn(parts: ReadonlyMap<string, string>, module: ModuleName): string[] {
  const doors = [...parts.keys()].flatMap((path) => /^src\/modules\/([^/]+)\/index\.ts$/.exec(path)?.[1] ?? [])
  return doors.filter((name) => name !== module).toSorted()
}
