/** What one checkout costs in calls: the eight requests that the benchmarks time, and all that follows from them. */
import { startTestHall, type TestHall } from '#testing/hall'
import { expect, test } from 'vitest'
import { checkOut, CURRENCY, PURCHASE_REQUESTS } from '../bench/shop-stock.ts'
import { createWireClient } from '../bench/wire-client.ts'
import { together } from '../src/commands/graph/measured.ts'

const requests = {
  'clients → checkout.createCart': 1,
  'clients → checkout.addLines': 1,
  'clients → checkout.setAddress': 1,
  'clients → checkout.shippingMethods': 1,
  'clients → checkout.setShipping': 1,
  'clients → checkout.getCart': 1,
  'clients → checkout.complete': 1,
  'clients → orders.get': 1,
}

/** What these make modules ask of each other, however many lines the cart has. */
const budget = {
  // addLines, shippingMethods, getCart and complete ask once each: what is for sale, and for how much, may have changed since.
  'checkout → catalog.variants': 4,
  // So do shippingMethods, setShipping, getCart and complete, of the ways to send it.
  'checkout → fulfilment.methods': 4,
  // getCart and complete.
  'checkout → pricing.quote': 2,
  'checkout → inventory.reserve': 1,
  'checkout → payments.authorise': 1,
  'checkout → orders.place': 1,
}

/** How often the provider calls back, and when, is its own affair. */
const isProviders = (edge: string): boolean => edge === 'clients → payments.receiveWebhook'

/** How often the hall has made each call, what the platform asks for itself left out. */
async function callsIn(hall: TestHall): Promise<[edge: string, count: number][]> {
  // There is one process, so each of its modules tells the calls of all.
  const { calls } = together(new Map([['orders', await hall.calls.orders.traffic.query({})]]))
  return calls.map((each) => [`${each.caller} → ${each.module}.${each.operation}`, each.calls])
}

test(`a checkout of ${PURCHASE_REQUESTS} requests makes the calls between modules that its budget allows, and no other`, async () => {
  await using hall = await startTestHall()
  const price = { amountMinor: 295, currency: CURRENCY }
  const skus = ['CUP', 'MUG', 'JUG']
  const products = skus.map((sku) => ({ code: sku, name: `the ${sku}`, variants: [{ sku, price, stocked: true }] }))
  const lines = skus.map((sku) => ({ sku, quantity: 2 }))
  await hall.calls.catalog.importProducts.mutate({ products })
  await hall.calls.inventory.receive.mutate({ reference: 'delivery', lines })
  await hall.calls.fulfilment.saveMethod.mutate({ code: 'post', country: 'GB', name: 'Post', price })
  await hall.settle()
  const before = new Map(await callsIn(hall))

  await using guest = createWireClient(hall.url, { connections: 1 })
  await checkOut(guest, lines, (request) => request)
  // What follows by events and jobs counts, too.
  await hall.settle()

  const made = (await callsIn(hall))
    .map(([edge, count]): [string, number] => [edge, count - (before.get(edge) ?? 0)])
    .filter(([edge, count]) => count > 0 && !isProviders(edge))
  expect(
    Object.fromEntries(made),
    'Each call is a round trip where modules live apart. More than before? Ask for all lines at once, or go on with what an earlier call told. Is one worth its price? Say why beside its line in the budget. Fewer? The budget shrinks.',
  ).toEqual({ ...requests, ...budget })
  expect(Object.values(requests)).toHaveLength(PURCHASE_REQUESTS)
})
