/**
 * The read cache at the public face: what guests are answered from memory is what the module would answer, and a change is
 * seen within a second by whoever asks, wherever it was made.
 *
 * A row that is changed behind the module's back announces nothing: by that the tests see what came from memory.
 */
import { createApiKey, hashApiKey } from '#platform/api-key'
import { type Distance, startTestHall, type TestHall, type TestHallOptions } from '#testing/hall'
import { eventually } from '#testing/eventually'
import { describe, expect, test } from 'vitest'

const staleMsMax = 1000
const price = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })
const urlOf = (path: string, input: object) => `/trpc/${path}?input=${encodeURIComponent(JSON.stringify(input))}`
const mug = urlOf('catalog.get', { sku: 'MUG' })
const list = urlOf('catalog.list', { limit: 5 })

async function openHall(options: TestHallOptions = {}): Promise<TestHall> {
  const hall = await startTestHall({ modules: ['identity', 'catalog'], ...options })
  const variants = [{ sku: 'MUG', price: price(100), stocked: true }]
  await hall.calls.catalog.importProducts.mutate({ products: [{ code: 'MUG', name: 'A mug', variants }] })
  await hall.settle()
  return hall
}

async function ask(hall: TestHall, path: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${hall.url}${path}`, { headers })
  const body = await response.text()
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
  return body
}

const nameOf = (body: string): unknown => /"name":"([^"]*)"/.exec(body)?.[1]

/** Renames all products without a word to anybody. */
const renameInSecret = (hall: TestHall, name: string) =>
  hall.sql(`UPDATE catalog.products SET view = jsonb_set(view::jsonb, '{name}', to_jsonb($1::text))::json`, [name])

/** Asks until the new price is there. Whoever asks a second after the commit, or after somebody saw it, must be told. */
async function expectSoon(hall: TestHall, path: string, amountMinor: number): Promise<void> {
  const committedAt = performance.now()
  const isNew = (body: string) => body.includes(`"amountMinor":${amountMinor}`)
  await eventually(
    async () => {
      const askedAt = performance.now()
      const body = await ask(hall, path)
      expect(isNew(body) || askedAt - committedAt <= staleMsMax, 'too old an answer').toBe(true)
      return body
    },
    (body) => isNew(body),
  )
  for (let count = 0; count < 20; count += 1) expect(isNew(await ask(hall, path))).toBe(true)
}

describe.each<Distance>(['near', 'far'])('%s', (distance) => {
  test('guests are answered from memory, byte by byte as the module did', async () => {
    await using hall = await openHall({ distance })
    const batch = urlOf('catalog.get,catalog.list', { 0: { sku: 'MUG' }, 1: {} }).replace('?', '?batch=1&')
    for (const path of [mug, list, batch]) {
      const fresh = await ask(hall, path)
      await renameInSecret(hall, 'Behind the back')
      expect(await ask(hall, path)).toBe(fresh)
      await renameInSecret(hall, 'A mug')
    }
  })

  test('a change is seen by the next who asks, or within a second', async () => {
    await using hall = await openHall({ distance, works: true })
    for (let amountMinor = 101; amountMinor < 110; amountMinor += 1) {
      await Promise.all([ask(hall, mug), ask(hall, list)])
      await hall.calls.catalog.setPrice.mutate({ sku: 'MUG', price: price(amountMinor) })
      const next = await ask(hall, mug)
      // The process that made the change knows at once.
      expect(distance === 'far' || next.includes(`"amountMinor":${amountMinor}`)).toBe(true)
      await Promise.all([expectSoon(hall, mug, amountMinor), expectSoon(hall, list, amountMinor)])
    }
  })

  test('under questions without a pause, every change is seen in time, and memory is used again after it', async () => {
    await using hall = await openHall({ distance, works: true })
    const over = new AbortController()
    const asking = Array.from({ length: 4 }, async () => {
      while (!over.signal.aborted) await ask(hall, mug)
    })
    for (let amountMinor = 201; amountMinor < 206; amountMinor += 1) {
      await hall.calls.catalog.setPrice.mutate({ sku: 'MUG', price: price(amountMinor) })
      await expectSoon(hall, mug, amountMinor)
    }
    over.abort()
    await Promise.all(asking)
    await hall.settle()
    await eventually(
      async () => {
        const before = await ask(hall, mug)
        await renameInSecret(hall, `Name ${performance.now()}`)
        return (await ask(hall, mug)) === before
      },
      (isKept) => isKept,
    )
  })
})

test('a change by another process of the hall is seen within a second', async () => {
  await using hall = await openHall({ works: true })
  await using other = await startTestHall({
    modules: ['identity', 'catalog'],
    env: { DATABASE_URL: hall.config.databaseUrl! },
  })
  for (let amountMinor = 301; amountMinor < 306; amountMinor += 1) {
    await Promise.all([ask(hall, mug), ask(hall, list)])
    await other
      .as({ kind: 'staff', id: 'key_1', permissions: ['*'] }, { requestId: `req_other_${amountMinor}` })
      .catalog.setPrice.mutate({ sku: 'MUG', price: price(amountMinor) })
    await Promise.all([expectSoon(hall, mug, amountMinor), expectSoon(hall, list, amountMinor)])
  }
})

test('whoever says who he is is answered by the module, and leaves nothing to guests', async () => {
  await using hall = await openHall()
  const key = createApiKey()
  const permissions = ['catalog:read']
  await hall.calls.identity.createApiKey.mutate({ name: 'reader', permissions, keyHash: hashApiKey(key) })
  const headers = { authorization: `Bearer ${key}` }
  await ask(hall, mug)
  await renameInSecret(hall, 'For staff')
  expect(nameOf(await ask(hall, mug, headers))).toBe('For staff')
  expect(nameOf(await ask(hall, mug))).toBe('A mug')
  const wrong = await fetch(`${hall.url}${mug}`, { headers: { authorization: '' } })
  expect(wrong.status).toBe(401)
  const refused = await fetch(`${hall.url}${mug}`, { headers: { 'idempotency-key': 'short' } })
  expect(refused.status).toBe(400)
  await hall.calls.catalog.setStatus.mutate({ code: 'MUG', status: 'draft' })
  await hall.settle()
  for (let count = 0; count < 3; count += 1) {
    expect(await ask(hall, mug, headers)).toContain('"status":"draft"')
    expect((await fetch(`${hall.url}${mug}`)).status).toBe(404)
    expect(await ask(hall, list)).not.toContain('MUG')
  }
})

test('only what succeeded is kept, and nothing where it is turned off or events have no place yet', async () => {
  await using hall = await openHall()
  const cup = urlOf('catalog.get', { sku: 'CUP' })
  expect((await fetch(`${hall.url}${cup}`)).status).toBe(404)
  const variants = [{ sku: 'CUP', price: price(5), stocked: true }]
  await hall.calls.catalog.importProducts.mutate({ products: [{ code: 'CUP', name: 'A cup', variants }] })
  // Nothing is worked here, so from now on the events wait for their place.
  for (const name of ['One', 'Two']) {
    await renameInSecret(hall, name)
    expect(nameOf(await ask(hall, cup))).toBe(name)
  }
  await using without = await openHall({ env: { READ_CACHE: 'off' } })
  for (const name of ['One', 'Two']) {
    await renameInSecret(without, name)
    expect(nameOf(await ask(without, mug))).toBe(name)
  }
})
