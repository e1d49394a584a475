import { createApiKey, hashApiKey } from '#platform/api-key'
import { startTestHall } from '#testing/hall'
import type { Actor } from '#platform/values'
import { describe, expect, test } from 'vitest'

const newHash = () => hashApiKey(createApiKey())
const program = (permissions: string[]): Actor => ({ kind: 'service', id: 'key_of_a_program', permissions })

const distances = ['near', 'far'] as const
const openAt = (distance: (typeof distances)[number]) => startTestHall({ modules: ['identity'], distance })

describe.each(distances)('the owner, %s', (distance) => {
  const open = () => openAt(distance)

  test('of many first starts one creates the owner, who may do everything', async () => {
    await using hall = await open()
    await hall.sql('delete from identity.api_keys')
    const hashes = Array.from({ length: 8 }, newHash)
    const answers = await Promise.all(hashes.map((keyHash) => hall.calls.identity.ensureOwner.mutate({ keyHash })))
    const winners = hashes.filter((_, place) => answers[place]?.created)
    expect(winners).toHaveLength(1)
    expect(await hall.calls.identity.ensureOwner.mutate({ keyHash: winners[0] ?? '' })).toEqual({ created: false })
    const actors = await Promise.all(hashes.map((keyHash) => hall.calls.identity.authenticate.query({ keyHash })))
    expect(actors.flatMap(({ actor }) => actor ?? [])).toMatchObject([{ kind: 'staff', permissions: ['*'] }])
  })

  test('the owner cannot be revoked', async () => {
    await using hall = await open()
    await hall.calls.identity.ensureOwner.mutate({ keyHash: newHash() })
    const { keys } = await hall.calls.identity.listApiKeys.query({})
    const owner = keys.find(({ permissions }) => permissions.includes('*'))
    await expect(hall.calls.identity.revokeApiKey.mutate({ id: owner?.id ?? '' })).rejects.toMatchObject({
      data: { code: 'CONFLICT', reason: 'identity.last_owner' },
    })
  })
})

describe.each(distances)('an API key, %s', (distance) => {
  const open = () => openAt(distance)

  test('a key signs in with its permissions until it is revoked, which may be repeated', async () => {
    await using hall = await open()
    const { identity } = hall.calls
    const keyHash = newHash()
    const permissions = ['orders:price', 'orders:read']
    const made = await identity.createApiKey.mutate({ name: 'import', permissions, keyHash })
    expect(made).toMatchObject({ name: 'import', permissions, revokedAt: null })
    expect(made.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    const { actor } = await identity.authenticate.query({ keyHash })
    expect(actor).toEqual({ kind: 'service', id: made.id, permissions })

    const revoked = await identity.revokeApiKey.mutate({ id: made.id })
    expect(revoked.revokedAt).not.toBeNull()
    expect(await identity.revokeApiKey.mutate({ id: made.id })).toEqual(revoked)
    expect(await identity.authenticate.query({ keyHash })).toEqual({ actor: null })
    const { keys } = await identity.listApiKeys.query({})
    expect(keys.filter(({ id }) => id === made.id)).toEqual([revoked])
  })

  test('nobody is behind a key that was never made, and none such can be revoked', async () => {
    await using hall = await open()
    expect(await hall.calls.identity.authenticate.query({ keyHash: newHash() })).toEqual({ actor: null })
    const id = 'key_01940000-0000-7000-8000-000000000000'
    await expect(hall.calls.identity.revokeApiKey.mutate({ id })).rejects.toMatchObject({
      data: { code: 'NOT_FOUND', reason: 'identity.unknown_key' },
    })
  })

  test('the same key made again is the same key; its hash under another name is refused', async () => {
    await using hall = await open()
    const wanted = { name: 'import', permissions: ['orders:read'], keyHash: newHash() }
    const made = await hall.calls.identity.createApiKey.mutate(wanted)
    expect(await hall.calls.identity.createApiKey.mutate(wanted)).toEqual(made)
    for (const other of [{ name: 'export' }, { permissions: ['orders:read', 'orders:price'] }]) {
      await expect(hall.calls.identity.createApiKey.mutate({ ...wanted, ...other })).rejects.toMatchObject({
        data: { code: 'CONFLICT', reason: 'identity.key_exists' },
      })
    }
  })

  test('a key hands on what it holds, and no more', async () => {
    await using hall = await open()
    const { identity } = hall.as(program(['identity:write', 'orders:read']))
    const wanted = (permissions: string[]) => ({ name: 'child', permissions, keyHash: newHash() })
    expect(await identity.createApiKey.mutate(wanted(['orders:read']))).toMatchObject({ permissions: ['orders:read'] })
    for (const permission of ['orders:price', '*']) {
      await expect(identity.createApiKey.mutate(wanted(['orders:read', permission]))).rejects.toMatchObject({
        data: { code: 'FORBIDDEN', reason: 'platform.forbidden' },
      })
    }
  })
})
