import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Ask } from '#platform/host/gateway'
import { startTestHall } from '#testing/hall'
import { expect, test } from 'vitest'
import { hashApiKey } from '#platform/api-key'
import { ensureOwner } from './owner.ts'

/** Asks a hall's identity as its start does. */
async function openIdentity() {
  const hall = await startTestHall({ modules: ['identity'] })
  const { identity } = hall.calls
  const ask: Ask = (_module, operation, input) =>
    operation === 'ensureOwner'
      ? identity.ensureOwner.mutate(input as { keyHash: string })
      : identity.authenticate.query(input as { keyHash: string })
  return { hall, ask }
}

test('of halls that start at the same moment on one empty folder one shows the key, and all keep the same', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'markethall-owner-'))
  const { hall, ask } = await openIdentity()
  try {
    const shown = await Promise.all(Array.from({ length: 8 }, () => ensureOwner(ask, dataDir)))
    const key = (await readFile(join(dataDir, 'owner.key'), 'utf8')).trim()
    expect(shown.filter((it) => it !== undefined)).toEqual([key])
    expect(await ask('identity', 'authenticate', { keyHash: hashApiKey(key) })).toMatchObject({ actor: {} })
    expect(await ensureOwner(ask, dataDir)).toBeUndefined()
    expect(await readdir(dataDir)).toEqual(['owner.key'])
  } finally {
    await hall[Symbol.asyncDispose]()
    await rm(dataDir, { recursive: true, force: true })
  }
})
