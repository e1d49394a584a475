import { createApiKey, hashApiKey } from '#platform/api-key'
import { type Distance, startTestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'

const orderId = 'ord_00000000-0000-7000-8000-000000000000'
const newKey = (name: string) => ({ name, permissions: ['orders:read'], keyHash: hashApiKey(createApiKey()) })

/** A hall in which staff did six things in two modules. */
async function openWithRecordsAt(distance: Distance) {
  // All modules: it listens to every one of them.
  const hall = await startTestHall({ distance })
  for (const name of ['one', 'two', 'three', 'four']) await hall.calls.identity.createApiKey.mutate(newKey(name))
  const price = { amountMinor: 100, currency: 'GBP' }
  const variants = [{ sku: 'A1', price, stocked: true }]
  await hall.calls.catalog.importProducts.mutate({ products: [{ code: 'A1', name: 'a thing', variants }] })
  await hall.calls.catalog.setPrice.mutate({ sku: 'A1', price: { ...price, amountMinor: 200 } })
  await hall.settle()
  return hall
}

describe.each(['near', 'far'] as const)('audit, %s', (distance) => {
  const openWithRecords = () => openWithRecordsAt(distance)

  test('what staff did is recorded, newest first, and the chain is intact', async () => {
    await using hall = await openWithRecords()
    const verdict = await hall.calls.audit.verify.query({})
    expect(verdict).toMatchObject({ entries: 6, intact: true, firstBroken: null, behind: 0 })
    const { entries } = await hall.calls.audit.list.query({})
    expect(entries.map(({ number }) => number)).toEqual([6, 5, 4, 3, 2, 1])
    expect(entries[0]?.hash).toBe(verdict.head)
    expect(entries.filter(({ operation }) => operation === 'identity.createApiKey')).toHaveLength(4)
    expect(entries.filter(({ operation }) => operation.startsWith('catalog.'))).toHaveLength(2)
    for (const { actor } of entries) expect(actor).toMatchObject({ kind: 'staff', permissions: ['*'] })
    const page = await hall.calls.audit.list.query({ limit: 2, before: 4 })
    expect(page.entries).toEqual(entries.slice(3, 5))
  })

  test('what was refused is recorded with its reason, of strangers how often, and can be asked for alone', async () => {
    await using hall = await openWithRecordsAt(distance)
    const clerk = hall.as({ kind: 'staff', id: 'acc_clerk', permissions: [] })
    await expect(clerk.orders.refund.mutate({ id: orderId, reason: 'none' } as never)).rejects.toThrow()
    for (let count = 0; count < 30; count += 1) {
      const { status } = await fetch(`${hall.url}/trpc/identity.listRoles?input=${encodeURIComponent('{}')}`)
      expect(status).toBe(401)
    }
    await hall.settle()
    const refused = await hall.calls.audit.list.query({ refused: true })
    expect(refused.entries.toSorted((one, other) => one.times - other.times)).toMatchObject([
      { operation: 'orders.refund', refused: 'platform.forbidden', times: 1, actor: { id: 'acc_clerk' } },
      { operation: 'identity.listRoles', refused: 'platform.unauthenticated', times: 30, actor: { kind: 'guest' } },
    ])
    const done = await hall.calls.audit.list.query({ refused: false })
    expect(done.entries.map(({ refused: reason, times }) => ({ reason, times }))).toEqual(
      Array.from({ length: 6 }, () => ({ reason: null, times: 1 })),
    )
    expect(await hall.calls.audit.verify.query({})).toMatchObject({ entries: 8, intact: true, behind: 0 })
    await hall.sql(`update audit.records set refused = null, times = 1 where refused = 'platform.forbidden'`)
    expect(await hall.calls.audit.verify.query({})).toMatchObject({ intact: false })
  })

  test('a chain without records is intact', async () => {
    await using hall = await startTestHall({ distance })
    await hall.sql('delete from audit.records')
    await hall.sql('delete from audit.chain')
    expect(await hall.calls.audit.verify.query({})).toMatchObject({ entries: 0, intact: true, firstBroken: null })
  })

  test('what is told again is recorded once', async () => {
    await using hall = await openWithRecords()
    const applied = async () => (await hall.sql('select sum(position)::int as events from audit.cursors'))[0]!['events']
    const before: number = await applied()
    expect(before).toBeGreaterThanOrEqual(6)
    await hall.sql('update audit.cursors set position = 0')
    await hall.calls.identity.createApiKey.mutate(newKey('five'))
    await hall.settle()
    expect(await applied()).toBe(before + 1)
    expect(await hall.calls.audit.verify.query({})).toMatchObject({ entries: 7, intact: true })
    const recorded = await hall.sql('select count(distinct event_id)::int as events from audit.records')
    expect(recorded).toEqual([{ events: 7 }])
  })

  test('what many do at once becomes one chain', async () => {
    await using hall = await startTestHall({ distance, works: true })
    const names = Array.from({ length: 60 }, (_, count) => `key ${count}`)
    await Promise.all(names.map((name) => hall.calls.identity.createApiKey.mutate(newKey(name))))
    await hall.settle()
    const verdict = await hall.calls.audit.verify.query({})
    expect(verdict).toMatchObject({ entries: 60, intact: true, behind: 0 })
  })

  test.each([
    ['changed', `update audit.records set actor = '{"kind":"guest"}' where number = 3`, 3],
    ['removed', 'delete from audit.records where number = 2', 2],
    ['cut off at the end', 'delete from audit.records where number >= 5', 5],
    [
      'written behind the head',
      `insert into audit.records select number + 1, 'evt_more', source, operation, actor, request_id, input_hash, at, hash, hash
       from audit.records where number = 6`,
      7,
    ],
  ])('a record that was %s is found', async (_how, tampering, firstBroken) => {
    await using hall = await openWithRecords()
    await hall.sql(tampering)
    expect(await hall.calls.audit.verify.query({})).toMatchObject({ intact: false, firstBroken, entries: 6 })
  })
})
