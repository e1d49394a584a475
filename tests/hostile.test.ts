/** The public face under fire: whatever it is asked, it answers JSON with a stable reason, and no row is changed. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { createApiKey, hashApiKey } from '#platform/api-key'
import type { TestHall } from '#testing/hall'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { moduleNames } from '../src/modules.ts'
import type { Ask, World } from './hostile/asks.ts'
import { inputCases } from './hostile/inputs.ts'
import { requestCases } from './hostile/requests.ts'
import { shoppingCases } from './hostile/shopping.ts'
import { buy, expectWhole, fillCart, openShop, purchaseOf } from './shop.ts'

type Answer = { status: number; type: string | null; body: { error?: { message: string; data: { reason: string } } } }

async function send(url: string, { method = 'GET', path, headers = {}, body }: Ask): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers,
    ...(body !== undefined && { body }),
  })
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: (await response.json()) as Answer['body'],
  }
}

/**
 * Reads one digest per table of every module, so that a difference names its table. What staff was refused is told of, and not
 * counted. The query is long, and asked hundreds of times: prepared, it is planned once.
 */
async function openDigest({
  config,
}: TestHall): Promise<{ read(): Promise<Record<string, string>>; end(): Promise<void> }> {
  const client = new pg.Client({ connectionString: config.databaseUrl! })
  await client.connect()
  const tables = await client.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = ANY($1) ORDER BY 1`,
    [moduleNames],
  )
  expect(tables.rows.length).toBeGreaterThan(moduleNames.length)
  const each = tables.rows.map(({ name }) => {
    const rows = /[.]journal(_|$)/.test(name) ? `(SELECT * FROM ${name} WHERE NOT fact ? 'refused')` : name
    return `SELECT '${name}' AS name, md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) AS md5 FROM ${rows} t`
  })
  const text = each.join(' UNION ALL ')
  return {
    async read() {
      const { rows } = await client.query<{ name: string; md5: string }>({ name: 'digest', text })
      return Object.fromEntries(rows.map(({ name, md5 }) => [name, md5]))
    },
    end: () => client.end(),
  }
}

/** A world whose key was used at the public face: keys belong to whoever sent them. */
async function openWorld(shop: TestHall): Promise<World> {
  const usedKey = 'a-key-that-was-used-before'
  const ask = async (operation: string, input: object, headers: Record<string, string> = {}) => {
    const { body } = await send(shop.url, {
      method: 'POST',
      path: `/trpc/${operation}`,
      headers,
      body: JSON.stringify(input),
    })
    return (body as { result: { data: World['cart'] } }).result.data
  }
  const used = { 'idempotency-key': usedKey }
  const cart = await ask('checkout.createCart', { currency: 'GBP', address: { country: 'GB' } }, used)
  await ask('checkout.addLines', { ...cart, lines: [{ sku: 'MUG', quantity: 1 }] }, used)
  const emptyCart = await ask('checkout.createCart', { currency: 'GBP', address: { country: 'GB' } })
  const euroCart = await ask('checkout.createCart', { currency: 'EUR' })
  const { orderId: id } = await buy(shop, [{ sku: 'MUG', quantity: 1 }])
  const draft = [{ sku: 'DRAFT', price: { amountMinor: 100, currency: 'GBP' }, stocked: true }]
  const products = [{ code: 'DRAFT', name: 'Draft', status: 'draft' as const, variants: draft }]
  await shop.calls.catalog.importProducts.mutate({ products })
  const readerKey = createApiKey()
  const permissions = ['inventory:read']
  await shop.calls.identity.createApiKey.mutate({ name: 'reader', permissions, keyHash: hashApiKey(readerKey) })
  return {
    cart,
    emptyCart,
    euroCart,
    order: { id },
    readerKey,
    usedKey,
    webhookSecret: shop.config.paymentsWebhookSecret!,
  }
}

describe.each(['near', 'far'] as const)('%s', (distance) => {
  let shop: TestHall
  let world: World
  let digest: Awaited<ReturnType<typeof openDigest>>
  let before: Record<string, string>

  beforeAll(async () => {
    shop = await openShop(distance)
    world = await openWorld(shop)
    await shop.settle()
    digest = await openDigest(shop)
    before = await digest.read()
  })
  afterAll(async () => {
    await digest.end()
    await shop[Symbol.asyncDispose]()
  })

  test.each([...inputCases, ...requestCases, ...shoppingCases])('$name: $reason', async ({ ask, status, reason }) => {
    const answer = await send(shop.url, typeof ask === 'function' ? ask(world) : ask)
    expect(answer).toMatchObject({ status, body: { error: { message: expect.any(String), data: { reason } } } })
    expect(answer.type).toMatch(/^application\/json/)
    expect(await digest.read()).toEqual(before)
    expect(Object.prototype).not.toHaveProperty('polluted')
  })

  test('what is no HTTP is answered as JSON too', async () => {
    const socket = connect(Number(new URL(shop.url).port), '127.0.0.1')
    socket.end('NONSENSE\r\n\r\n')
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    await once(socket, 'close')
    const [head, body] = Buffer.concat(chunks).toString().split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 400 [^]*content-type: application\/json/)
    expect(JSON.parse(body!)).toMatchObject({ error: { data: { reason: 'platform.bad_request' } } })
    expect(await digest.read()).toEqual(before)
  })

  test('a declined card leaves stock, carts and orders as they were, and nothing charged', async () => {
    const purchase = await purchaseOf(shop, await fillCart(shop, [{ sku: 'MUG', quantity: 1 }]), 'card_declined')
    const rows = () =>
      shop.sql(`SELECT (SELECT json_agg((sku, on_hand, reserved)) FROM inventory.stock) AS stock,
        (SELECT json_agg((id, state, completing_by)) FROM checkout.carts) AS carts, (SELECT count(*) FROM orders.orders) AS orders,
        (SELECT count(*) FROM payments.ledger) AS entries, (SELECT sum(authorised_minor + captured_minor) FROM payments.payments) AS charged`)
    const [was] = await rows()
    const answer = await send(shop.url, {
      method: 'POST',
      path: '/trpc/checkout.complete',
      body: JSON.stringify(purchase),
    })
    expect(answer).toMatchObject({ status: 402, body: { error: { data: { reason: 'checkout.payment_declined' } } } })
    await expectWhole(shop)
    expect(await rows()).toEqual([was])
  })

  test('it is ready for the next customer', async () => {
    expect((await fetch(`${shop.url}/readyz`)).status).toBe(200)
    await expectWhole(shop)
  })
})
