/** Stock tRPC clients at the public face: one call per request and batches, with the hall's types and typed errors. */
import { createApiKey, hashApiKey } from '#platform/api-key'
import type { TestHall } from '#testing/hall'
import { createTRPCClient, httpBatchLink, httpLink, TRPCClientError } from '@trpc/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HallRouter } from '../src/contracts.ts'
import { expectWhole, openShop, pence } from './shop.ts'

/** What was asked of the public face: the paths and statuses, in order. */
type Seen = { path: string; status: number }[]

const links = [
  ['httpLink', httpLink],
  ['httpBatchLink', httpBatchLink],
] as const

function clientOf(
  shop: TestHall,
  { link, headers = {} }: { link: typeof httpLink | typeof httpBatchLink; headers?: Record<string, string> },
) {
  const seen: Seen = []
  const options: Parameters<typeof httpLink>[0] = {
    url: `${shop.url}/trpc`,
    async fetch(input, init) {
      const response = await fetch(input, { ...init, signal: init?.signal ?? null })
      seen.push({ path: new URL(response.url).pathname, status: response.status })
      return response
    },
  }
  return { client: createTRPCClient<HallRouter>({ links: [link({ ...options, headers: () => headers })] }), seen }
}

const errorOf = async (call: Promise<unknown>) => {
  const error: unknown = await call.catch((refusal: unknown) => refusal)
  if (error instanceof TRPCClientError) return error as TRPCClientError<HallRouter>
  throw new Error('The call was not refused.')
}

describe.each(['near', 'far'] as const)('%s', (distance) => {
  let shop: TestHall
  const key = createApiKey()
  const headers = { authorization: `Bearer ${key}` }

  beforeAll(async () => {
    shop = await openShop(distance)
    await shop.calls.identity.createApiKey.mutate({
      name: 'client',
      permissions: ['orders:read'],
      keyHash: hashApiKey(key),
    })
  })
  afterAll(() => shop[Symbol.asyncDispose]())

  test.each(links)('%s buys a cart', async (_name, link) => {
    const { client } = clientOf(shop, { link })
    const cart = await client.checkout.createCart.mutate({ currency: 'GBP', address: { country: 'GB' } })
    await client.checkout.addLines.mutate({ ...cart, lines: [{ sku: 'MUG', quantity: 2 }] })
    const { total } = await client.checkout.getCart.query(cart)
    const { orderId: id, orderToken: token } = await client.checkout.complete.mutate({
      ...cart,
      expectedTotal: total,
      payment: { source: 'card_ok' },
    })
    expect(await client.orders.get.query({ id, token })).toMatchObject({ total: pence(590), lineCount: 1 })
    await expectWhole(shop)
  })

  test.each(links)('%s gives errors their code and reason', async (_name, link) => {
    const { client } = clientOf(shop, { link })
    const refusal = await errorOf(client.catalog.get.query({ sku: 'NONSENSE' }))
    // The type knows the reason.
    const reason: string | undefined = refusal.data?.reason
    expect(reason).toBe('catalog.unknown_product')
    expect(refusal).toMatchObject({ data: { code: 'NOT_FOUND', httpStatus: 404, path: 'catalog.get' } })
    const wrong = { currency: 'pounds', nonsense: true } as { currency: string }
    expect((await errorOf(client.checkout.createCart.mutate(wrong))).data?.reason).toBe('platform.invalid_input')
    expect((await errorOf(client.orders.list.query({}))).data?.reason).toBe('platform.unauthenticated')
  })

  test('a batch of queries is one request, and its failures fail alone', async () => {
    const { client, seen } = clientOf(shop, { link: httpBatchLink, headers })
    const results = await Promise.allSettled([
      client.catalog.get.query({ sku: 'MUG' }),
      client.catalog.get.query({ sku: 'NONSENSE' }),
      client.orders.list.query({}),
      client.payments.totals.query({ currency: 'GBP' }),
    ])
    expect(results).toMatchObject([
      { status: 'fulfilled', value: { code: 'MUG' } },
      { status: 'rejected', reason: { data: { reason: 'catalog.unknown_product', path: 'catalog.get' } } },
      { status: 'fulfilled', value: { nextCursor: null } },
      { status: 'rejected', reason: { data: { reason: 'platform.forbidden', path: 'payments.totals' } } },
    ])
    expect(seen).toEqual([{ path: '/trpc/catalog.get,catalog.get,orders.list,payments.totals', status: 207 }])
  })

  test('a batch of mutations does each once', async () => {
    const { client, seen } = clientOf(shop, { link: httpBatchLink })
    const results = await Promise.allSettled([
      client.checkout.createCart.mutate({ currency: 'GBP' }),
      client.checkout.createCart.mutate({ currency: 'EUR' }),
      client.checkout.createCart.mutate({ currency: '' }),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(seen).toMatchObject([{ status: 207 }])
    const [pounds, euros] = results.map((result) => (result.status === 'fulfilled' ? result.value : undefined))
    expect(await client.checkout.getCart.query(pounds!)).toMatchObject({ currency: 'GBP' })
    expect(await client.checkout.getCart.query(euros!)).toMatchObject({ currency: 'EUR' })
  })

  test('an idempotency key travels as a header, and a batch may hold one mutation under it', async () => {
    const keyed = { 'idempotency-key': `stock-client-${distance}-0001` }
    const { client } = clientOf(shop, { link: httpLink, headers: keyed })
    const cart = await client.checkout.createCart.mutate({ currency: 'GBP' })
    expect(await client.checkout.createCart.mutate({ currency: 'GBP' })).toEqual(cart)
    const { client: batching } = clientOf(shop, { link: httpBatchLink, headers: keyed })
    const two = [1, 2].map(() => errorOf(batching.checkout.createCart.mutate({ currency: 'GBP' })))
    expect((await Promise.all(two)).map(({ data }) => data?.reason)).toEqual(Array(2).fill('platform.keyed_batch'))
    expect(await batching.checkout.createCart.mutate({ currency: 'GBP' })).toEqual(cart)
  })
})
