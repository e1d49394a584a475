/**
 * Files that the tool makes and may make again: a record beside them says what it wrote. What is not in there, or was changed since,
 * is somebody's, and is left alone.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { CommandError } from '../command-error.ts'

const recordFile = 'generated.json'

/** Plain names in the folder: whoever changes the record does not make the tool remove anything elsewhere. */
const record = z.strictObject({ files: z.record(z.string().regex(/^[a-z][a-z0-9.-]*$/), z.string()) })

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

const contentOf = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })

/**
 * Makes the folder hold these files, and none that the tool wrote there before. Where a file is not the tool's, or was changed since it
 * wrote it, nothing is touched and a `CommandError` names it; `force` writes over it. No file at all leaves no trace.
 */
export async function writeGenerated(
  folder: string,
  files: ReadonlyMap<string, string>,
  { force = false }: { force?: boolean } = {},
): Promise<{ written: string[]; removed: string[] }> {
  const known = await readRecord(folder)
  const names = [...new Set([...files.keys(), ...known.keys()])]
  const present = new Map<string, string | undefined>()
  for (const name of names) present.set(name, await contentOf(join(folder, name)))
  const foreign = names.filter((name) =>
    isSomebodys(present.get(name), { known: known.get(name), wanted: files.get(name) }),
  )
  if (foreign.length > 0 && !force) throw refusal(folder, foreign, known)
  const removed = names.filter((name) => !files.has(name) && present.get(name) !== undefined)
  if (files.size > 0) await mkdir(folder, { recursive: true })
  for (const [name, text] of files) await writeFile(join(folder, name), text)
  for (const name of removed) await rm(join(folder, name))
  await keepRecord(folder, files)
  return {
    written: [...files.keys()].map((name) => join(folder, name)),
    removed: removed.map((name) => join(folder, name)),
  }
}

function isSomebodys(
  present: string | undefined,
  { known, wanted }: { known: string | undefined; wanted: string | undefined },
): boolean {
  return present !== undefined && present !== wanted && hashOf(present) !== known
}

function refusal(folder: string, names: readonly string[], known: ReadonlyMap<string, string>): CommandError {
  const lines = names.map((name) => {
    const why = known.has(name) ? 'was changed since it was made' : 'was not made by this tool'
    return `  ${join(folder, name)} ${why}`
  })
  return new CommandError(
    `Nothing is written, for something would be lost:\n${lines.join('\n')}\nMove that away, give another --out, or --force to write over it.`,
  )
}

async function readRecord(folder: string): Promise<Map<string, string>> {
  const path = join(folder, recordFile)
  const text = await contentOf(path)
  if (text === undefined) return new Map()
  try {
    return new Map(Object.entries(record.parse(JSON.parse(text)).files))
  } catch (error) {
    throw new CommandError(`${path}, which says what was made here, cannot be understood. Restore or remove it.`, {
      cause: error,
    })
  }
}

async function keepRecord(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  const path = join(folder, recordFile)
  if (files.size > 0) {
    const hashes = Object.fromEntries([...files].map(([name, text]) => [name, hashOf(text)]))
    return writeFile(path, `${JSON.stringify({ files: hashes }, undefined, 2)}\n`)
  }
  await rm(path, { force: true })
  const left = await readdir(folder).catch(() => ['nothing that could be removed'])
  if (left.length === 0) await rmdir(folder)
}
