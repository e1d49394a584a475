import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** What every file is like that a module, its callers and their processes are made of: a hash by its path. */
export async function sourcesNow(): Promise<Map<string, string>> {
  const folders = ['src', 'workers', 'drizzle', 'topologies']
  const paths = folders.flatMap((each) =>
    readdirSync(join(root, each), { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name)),
  )
  paths.push(join(root, 'package.json'), join(root, 'compose.yaml'))
  const hashes = paths.map(
    async (path) =>
      [
        path,
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      ] as const,
  )
  return new Map(await Promise.all(hashes))
}
