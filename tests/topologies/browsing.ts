/** The suite's first chapter: what there is to buy, asked one by one and in batches. */
import { randomUUID } from 'node:crypto'
import { eventually } from '#testing/eventually'
import { describe, expect, test } from 'vitest'
import { buy, pence, prices, reasonOf, refused, type Shop } from './shop.ts'

export function testBrowsing(shop: () => Shop): void {
  describe('whoever browses', () => {
    test('finds what is on sale, by category, page by page, by words, and one by one', () => findsGoods(shop()))

    test('sees a new price within a moment', async () => {
      const { guest, owner } = shop()
      const priceOfWrapping = async () => {
        const { variants } = await guest.catalog.get.query({ sku: 'WRAPPING' })
        return variants[0]!.price
      }
      expect(await priceOfWrapping()).toEqual(pence(prices.WRAPPING))
      for (const price of [pence(175), pence(prices.WRAPPING)]) {
        await owner.catalog.setPrice.mutate({ sku: 'WRAPPING', price })
        await eventually(priceOfWrapping, ({ amountMinor }) => amountMinor === price.amountMinor)
      }
    })
  })

  describe('a batch', () => {
    test('asks several modules in one request, and its failures fail alone', () => asksManyAtOnce(shop()))

    test('of mutations does each once, and holds one only under a key', () => changesManyAtOnce(shop()))
  })
}

async function findsGoods({ guest: { catalog, fulfilment } }: Shop): Promise<void> {
  const { categories } = await catalog.listCategories.query({})
  expect(categories).toEqual([{ slug: 'crockery', name: 'Crockery', parent: null, products: 2 }])
  const first = await catalog.list.query({ category: 'crockery', limit: 1 })
  expect(first.items).toMatchObject([{ code: 'MUG', categories: ['crockery'] }])
  const second = await catalog.list.query({ category: 'crockery', limit: 1, cursor: first.nextCursor! })
  expect(second).toMatchObject({ items: [{ code: 'VASE' }], nextCursor: null })
  expect((await catalog.search.query({ text: 'stoneware' })).items).toMatchObject([{ code: 'MUG' }])
  expect(await catalog.get.query({ sku: 'mug' })).toMatchObject({ code: 'MUG', variants: [{ price: pence(295) }] })
  await expect(catalog.get.query({ sku: 'NONSENSE' })).rejects.toMatchObject({
    message: expect.stringContaining('NONSENSE'),
    data: { code: 'NOT_FOUND', httpStatus: 404, path: 'catalog.get', reason: 'catalog.unknown_product' },
  })
  const wrong = { country: 'GB', currency: 'pounds' }
  await expect(fulfilment.methods.query(wrong)).rejects.toMatchObject(refused('platform.invalid_input'))
}

async function asksManyAtOnce(shop: Shop): Promise<void> {
  const { client, seen } = shop.batching()
  const results = await Promise.allSettled([
    client.catalog.get.query({ sku: 'MUG' }),
    client.catalog.get.query({ sku: 'NONSENSE' }),
    client.fulfilment.methods.query({ country: 'GB', currency: 'GBP' }),
    client.orders.list.query({}),
    client.identity.signingKeys.query({}),
  ])
  expect(results).toMatchObject([
    { status: 'fulfilled', value: { code: 'MUG' } },
    { status: 'rejected', reason: { data: { reason: 'catalog.unknown_product', path: 'catalog.get' } } },
    { status: 'fulfilled', value: { methods: [{ code: 'royal-mail' }] } },
    { status: 'rejected', reason: { data: { reason: 'platform.unauthenticated', path: 'orders.list' } } },
    { status: 'fulfilled', value: { keys: [{ kty: 'OKP' }] } },
  ])
  const path = '/trpc/catalog.get,catalog.get,fulfilment.methods,orders.list,identity.signingKeys'
  expect(seen).toEqual([{ path, status: 207 }])
}

async function changesManyAtOnce(shop: Shop): Promise<void> {
  const { client, seen } = shop.batching()
  const carts = ['GBP', 'EUR', ''].map((currency) => client.checkout.createCart.mutate({ currency }))
  const results = await Promise.allSettled(carts)
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  expect(seen).toMatchObject([{ status: 207 }])
  const [pounds, euros] = await Promise.all(carts.slice(0, 2))
  expect(await shop.guest.checkout.getCart.query(pounds!)).toMatchObject({ currency: 'GBP' })
  expect(await shop.guest.checkout.getCart.query(euros!)).toMatchObject({ currency: 'EUR' })

  const { client: keyed } = shop.batching({ 'idempotency-key': randomUUID() })
  const two = [1, 2].map(() => keyed.checkout.createCart.mutate({ currency: 'GBP' }).catch(reasonOf))
  expect(await Promise.all(two)).toEqual(Array(2).fill('platform.keyed_batch'))
  const cart = await keyed.checkout.createCart.mutate({ currency: 'GBP' })
  expect(await keyed.checkout.createCart.mutate({ currency: 'GBP' })).toEqual(cart)

  const { total } = await buy(shop.batching().client, [{ sku: 'MUG', quantity: 1 }])
  expect(total).toEqual(pence(295 + 395))
}
