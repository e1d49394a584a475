/**
 * The hall's owner: made at the first start, who may do everything. The key lies in `DATA_DIR/owner.key`.
 *
 * The file is written before the owner is created, and renamed after: killed in between, the next start goes on with
 * the same key. Of several that start at the same moment all offer a key, all go on with the one that came first, and
 * one of them renames the file.
 */
import { readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createApiKey, hashApiKey } from '#platform/api-key'
import { prepareDataFolder, unusable } from '#platform/data/data-folder'
import type { Ask } from '#platform/host/gateway'
import { offerFile } from '#platform/secret'

export const ownerKeyFile = 'owner.key'

/** Makes sure that there is an owner. Returns the key where it was made now, to be shown once. */
export async function ensureOwner(ask: Ask, dataDir: string): Promise<string | undefined> {
  const kept = join(dataDir, ownerKeyFile)
  const pending = `${kept}.new`
  await prepareDataFolder(dataDir)
  const keptKey = await readKey(kept)
  if (keptKey !== undefined && (await isKnown(ask, keptKey))) return undefined
  await offerFile(pending, `${createApiKey()}\n`)
  const key = await readKey(pending)
  if (key === undefined) return undefined // Another start has renamed it by now.
  await ask('identity', 'ensureOwner', { keyHash: hashApiKey(key) })
  if (await isKnown(ask, key)) return (await renamed(pending, kept)) ? key : undefined
  await rm(pending, { force: true })
  return undefined
}

async function isKnown(ask: Ask, key: string): Promise<boolean> {
  const { actor } = (await ask('identity', 'authenticate', { keyHash: hashApiKey(key) })) as { actor: unknown }
  return actor !== null
}

async function readKey(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw unusable(file, error)
  })
  return text.trim() === '' ? undefined : text.trim()
}

/** False where somebody else was faster. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
