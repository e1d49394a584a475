/**
 * The hall's owner: made at the first start, who may do everything. The key lies in `DATA_DIR/owner.key`.
 *
 * The file is written before the owner is created, and renamed after: killed in between, the next start goes on with
 * the same key.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createApiKey, hashApiKey } from '#platform/api-key'
import type { Ask } from '#platform/host/gateway'

export const ownerKeyFile = 'owner.key'

/** Makes sure that there is an owner. Returns the key where it was made now, to be shown once. */
export async function ensureOwner(ask: Ask, dataDir: string): Promise<string | undefined> {
  const pending = join(dataDir, `${ownerKeyFile}.new`)
  await mkdir(dataDir, { recursive: true })
  const key = (await readKey(pending)) ?? createApiKey()
  await writeFile(pending, `${key}\n`, { mode: 0o600 })
  const keyHash = hashApiKey(key)
  const { created } = (await ask('identity', 'ensureOwner', { keyHash })) as { created: boolean }
  const { actor } = (await ask('identity', 'authenticate', { keyHash })) as { actor: unknown }
  if (!created && actor === null) {
    await rm(pending, { force: true })
    return undefined
  }
  await rename(pending, join(dataDir, ownerKeyFile))
  return key
}

async function readKey(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.trim() === '' ? undefined : text.trim()
}
