/** What staff may do and was refused: who tried it stands in the journal, though the command was rolled back. */
import type { Actor } from '#platform/values'
import { type Distance, startTestHall, type TestHall, type TestHallOptions } from '#testing/hall'
import { describe, expect, test } from 'vitest'

const price = { amountMinor: 100, currency: 'GBP' }
const clerk: Actor = { kind: 'staff', id: 'acc_clerk', permissions: ['catalog:read'] }
const guest: Actor = { kind: 'guest' }
const customer = (id: number): Actor => ({ kind: 'customer', id: `acc_${id}` })

const openHall = (options: TestHallOptions = {}) => startTestHall({ modules: ['identity', 'catalog'], ...options })

const audited = (hall: Pick<TestHall, 'sql'>) =>
  hall.sql(`SELECT fact->>'operation' AS operation, fact->>'refused' AS refused, (fact->>'times')::int AS times, actor->>'id' AS "by",
      fact->>'inputHash' AS "inputHash"
    FROM (SELECT * FROM catalog.journal UNION ALL SELECT * FROM identity.journal) AS journal
    WHERE name LIKE '%.audited' ORDER BY announced_at, id`)

const refused = (reason: string) => ({ data: { reason } })

describe.each<Distance>(['near', 'far'])('%s', (distance) => {
  test('staff is told of by itself: for want of a permission, also to read, and for a reason of the business', async () => {
    await using hall = await openHall({ distance })
    const { catalog } = hall.as(clerk)
    const asked = { sku: 'MUG', price }
    await expect(catalog.setPrice.mutate(asked)).rejects.toMatchObject(refused('platform.forbidden'))
    await expect(hall.as(clerk).identity.listRoles.query({})).rejects.toMatchObject(refused('platform.forbidden'))
    await expect(hall.calls.catalog.setPrice.mutate(asked)).rejects.toMatchObject(refused('catalog.unknown_sku'))
    const rows = await audited(hall)
    expect(rows).toMatchObject([
      { operation: 'catalog.setPrice', refused: 'platform.forbidden', times: null, by: 'acc_clerk' },
      { operation: 'identity.listRoles', refused: 'platform.forbidden', times: null, by: 'acc_clerk' },
      {
        operation: 'catalog.setPrice',
        refused: 'catalog.unknown_sku',
        times: null,
        by: expect.stringMatching(/^key_/),
      },
    ])
    // Both asked for the same.
    expect(rows[0]!['inputHash']).toBe(rows[2]!['inputHash'])
    expect(rows[0]!['inputHash']).toMatch(/^[0-9a-f]{64}$/)
  })

  test('what is no refusal is not told of', async () => {
    await using hall = await openHall({ distance })
    const wrong = { sku: 'MUG', price: { amountMinor: -1, currency: 'GBP' } }
    await expect(hall.calls.catalog.setPrice.mutate(wrong)).rejects.toMatchObject(refused('platform.invalid_input'))
    const unknown = hall.as(clerk).catalog.get.query({ sku: 'MUG' })
    await expect(unknown).rejects.toMatchObject(refused('catalog.unknown_product'))
    await hall.settle()
    expect(await audited(hall)).toEqual([])
  })

  test('a flood of strangers costs a row, not a row each', async () => {
    await using hall = await openHall({ distance })
    const flood = Array.from({ length: 300 }, async () => {
      const response = await fetch(`${hall.url}/trpc/catalog.setPrice`, { method: 'POST', body: '{"sku":"MUG"}' })
      expect(response.status).toBe(401)
    })
    await Promise.all(flood)
    await expect(hall.as(guest).identity.listRoles.query({})).rejects.toMatchObject(refused('platform.unauthenticated'))
    expect(await audited(hall)).toEqual([])
    await hall.settle()
    const told = [
      { operation: 'catalog.setPrice', refused: 'platform.unauthenticated', times: 300, by: null, inputHash: '' },
      { operation: 'identity.listRoles', refused: 'platform.unauthenticated', times: 1, by: null, inputHash: '' },
    ]
    const rows = await audited(hall)
    expect(rows.toSorted((one, other) => (one['operation'] < other['operation'] ? -1 : 1))).toEqual(told)
    await hall.settle()
    expect(await audited(hall)).toHaveLength(2)
  })
})

test('customers are told apart, up to a bound', async () => {
  await using hall = await openHall()
  const tries = Array.from({ length: 2400 }, (_, count) => hall.as(customer(count % 1200)).identity.listRoles.query({}))
  const outcomes = await Promise.allSettled(tries)
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
  await hall.settle()
  const rows = await audited(hall)
  const counts = new Map(rows.map(({ by, times }) => [by, times]))
  expect(counts.size).toBe(1001)
  expect([counts.get('acc_0'), counts.get('acc_999'), counts.get('many')]).toEqual([2, 2, 400])
})

test('what was counted is told when a process closes, and stays counted where it cannot be told', async () => {
  const options = { modules: ['identity', 'catalog'] as const }
  await using hall = await startTestHall(options)
  const other = await startTestHall({ ...options, env: { DATABASE_URL: hall.config.databaseUrl! } })
  await expect(other.as(guest).identity.listRoles.query({})).rejects.toMatchObject(refused('platform.unauthenticated'))
  await hall.sql('ALTER TABLE identity.journal RENAME TO elsewhere')
  await expect(other.settle()).rejects.toThrow(/journal/)
  await hall.sql('ALTER TABLE identity.elsewhere RENAME TO journal')
  expect(await audited(hall)).toEqual([])
  await other[Symbol.asyncDispose]()
  expect(await audited(hall)).toMatchObject([{ operation: 'identity.listRoles', times: 1 }])
})

test('a refusal is answered as one, also where it cannot be told of', async () => {
  await using hall = await openHall()
  await hall.sql('ALTER TABLE catalog.journal RENAME TO elsewhere')
  const attempt = hall.as(clerk).catalog.setPrice.mutate({ sku: 'MUG', price })
  await expect(attempt).rejects.toMatchObject(refused('platform.forbidden'))
})
