import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { filesBelow } from '../src/commands/files-below.ts'

const root = join(import.meta.dirname, '..')

/** What every file is like that a module, its callers and their processes are made of: a hash by its path. */
export function sourcesNow(): Promise<Map<string, string>> {
  const folders = ['src', 'workers', 'drizzle', 'topologies']
  return hashesOf(root, [...folders.flatMap((folder) => filesBelow(root, folder)), 'package.json', 'compose.yaml'])
}

/** What each of these files below a folder holds, as a hash by its path. */
export async function hashesOf(folder: string, paths: readonly string[]): Promise<Map<string, string>> {
  const hashes = paths.map(async (path) => {
    const hash = createHash('sha256').update(await readFile(join(folder, path)))
    return [path, hash.digest('hex')] as const
  })
  return new Map(await Promise.all(hashes))
}
