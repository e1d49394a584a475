/** Whole purchases, in one process; tests/topologies.test.ts makes them over several. After each, whatever became of it, everything that must hold is looked at. */
import type { TestHall } from '#testing/hall'
import { expect, test } from 'vitest'
import { booksOf, buy, expectWhole, fillCart, openShop, pence, purchaseOf, refused } from './shop.ts'

const guest = { kind: 'guest' } as const
const mug = [{ sku: 'MUG', quantity: 1 }]
/** A provider that does not answer is given up soon. */
const impatient = { env: { PAYMENTS_TIMEOUT_MS: '1000' }, leaseMs: 500 }

type Purchase = Awaited<ReturnType<typeof purchaseOf>>

const complete = (shop: TestHall, purchase: Purchase, key?: string) =>
  shop.as(guest).checkout.complete.mutate(purchase, key === undefined ? {} : { key })

const reasonsOf = (results: PromiseSettledResult<unknown>[]) =>
  results.flatMap((result) => (result.status === 'rejected' ? [result.reason.data?.reason ?? result.reason] : []))

test('a guest buys a cart, and reads the order with its token only', async () => {
  await using shop = await openShop('near')
  const bought = await buy(shop, [...mug, { sku: 'POST', quantity: 1 }, { sku: 'MUG', quantity: 2 }])
  expect(bought).toMatchObject({ orderNumber: 1001, total: pence(2685) })
  await expectWhole(shop)
  const { orders } = shop.as(guest)
  const { orderId: id, orderToken: token } = bought
  expect(await orders.get.query({ id, token })).toMatchObject({ state: 'paid', total: pence(2685), lineCount: 3 })
  await expect(orders.get.query({ id })).rejects.toMatchObject(refused('orders.unknown_order'))
  const foreign = token.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
  await expect(orders.get.query({ id, token: foreign })).rejects.toMatchObject(refused('orders.unknown_order'))
  expect(await booksOf(shop)).toEqual({ orders: 1, captured: 2685, onHand: 10, reserved: 3 })
})

test('a declined card, a changed price and missing stock leave nothing behind, and the cart can still be bought', async () => {
  await using shop = await openShop('near')
  const seen = await purchaseOf(shop, await fillCart(shop, mug))
  const declined = { ...seen, payment: { source: 'card_declined' } }
  await expect(complete(shop, declined)).rejects.toMatchObject(refused('checkout.payment_declined'))
  await expect(buy(shop, [{ sku: 'MUG', quantity: 11 }])).rejects.toMatchObject(refused('inventory.out_of_stock'))
  await shop.calls.catalog.setPrice.mutate({ sku: 'MUG', price: pence(350) })
  await expect(complete(shop, seen)).rejects.toMatchObject(refused('checkout.price_changed'))
  await expectWhole(shop)
  expect(await booksOf(shop)).toEqual({ orders: 0, captured: 0, onHand: 10, reserved: 0 })
  await complete(shop, { ...seen, expectedTotal: pence(350) })
  await expectWhole(shop)
  expect(await booksOf(shop)).toEqual({ orders: 1, captured: 350, onHand: 10, reserved: 1 })
})

test('of 50 carts that want the last unit at once, exactly one gets it', async () => {
  await using shop = await openShop('near', { mugs: 1 })
  const carts = await Promise.all(Array.from({ length: 50 }, () => fillCart(shop, mug)))
  const purchases = carts.map((cart) => ({ ...cart, expectedTotal: pence(295), payment: { source: 'card_ok' } }))
  const results = await Promise.allSettled(purchases.map((purchase) => complete(shop, purchase)))
  expect(reasonsOf(results)).toEqual(Array(49).fill('inventory.out_of_stock'))
  await expectWhole(shop)
  expect(await booksOf(shop)).toEqual({ orders: 1, captured: 295, onHand: 1, reserved: 1 })
})

test('a double click is one order with one answer, and its key serves nothing else', async () => {
  await using shop = await openShop('near')
  const purchase = await purchaseOf(shop, await fillCart(shop, mug))
  const clicks = [1, 2, 3].map(() => complete(shop, purchase, 'one-click'))
  const [first, ...others] = await Promise.all(clicks)
  expect(others).toEqual([first, first])
  expect(await complete(shop, purchase, 'one-click')).toEqual(first)
  const another = await purchaseOf(shop, await fillCart(shop, mug))
  await expect(complete(shop, another, 'one-click')).rejects.toMatchObject(refused('platform.key_reused'))
  // Without a key the cart itself is bought once.
  await expect(complete(shop, purchase)).rejects.toMatchObject(refused('checkout.cart_closed'))
  await expectWhole(shop)
  expect(await booksOf(shop)).toEqual({ orders: 1, captured: 295, onHand: 10, reserved: 1 })
})

test('an external invoice becomes one order, however many ask at once', async () => {
  await using shop = await openShop('near')
  const place = async () => {
    const purchase = await purchaseOf(shop, await fillCart(shop, mug))
    return shop.calls.checkout.complete.mutate({ ...purchase, externalInvoice: '536365' })
  }
  const results = await Promise.allSettled(Array.from({ length: 5 }, place))
  expect(reasonsOf(results)).toEqual(Array(4).fill('orders.invoice_exists'))
  await expect(place()).rejects.toMatchObject(refused('orders.invoice_exists'))
  await expectWhole(shop)
  expect(await booksOf(shop)).toEqual({ orders: 1, captured: 295, onHand: 10, reserved: 1 })
})

test.each(['card_hang', 'card_hang_before'])(
  'a provider that hangs (%s) sells nothing and keeps nothing',
  async (source) => {
    await using shop = await openShop('near', impatient)
    const purchase = await purchaseOf(shop, await fillCart(shop, mug), source)
    await expect(complete(shop, purchase)).rejects.toMatchObject(refused('payments.provider_unavailable'))
    await expectWhole(shop)
    expect(await booksOf(shop)).toEqual({ orders: 0, captured: 0, onHand: 10, reserved: 0 })
    await complete(shop, { ...purchase, payment: { source: 'card_ok' } })
    await expectWhole(shop)
    expect(await booksOf(shop)).toEqual({ orders: 1, captured: 295, onHand: 10, reserved: 1 })
  },
)

test.each(['card_hang_capture', 'card_fail_capture_once'])(
  'a capture that fails (%s) is finished later',
  async (source) => {
    await using shop = await openShop('near', impatient)
    const { orderId: id, orderToken: token } = await buy(shop, mug, source)
    await expectWhole(shop)
    expect(await shop.as(guest).orders.get.query({ id, token })).toMatchObject({ state: 'paid' })
    expect(await booksOf(shop)).toEqual({ orders: 1, captured: 295, onHand: 10, reserved: 1 })
  },
)

test('who lost patience asks again with the same key, and gets the one order', async () => {
  await using shop = await openShop('near')
  const purchase = await purchaseOf(shop, await fillCart(shop, mug), 'card_slow_600')
  const hurried = shop.as(guest, { deadlineAt: Date.now() + 300 })
  await expect(hurried.checkout.complete.mutate(purchase, { key: 'slowly' })).rejects.toMatchObject(
    refused('platform.deadline_exceeded'),
  )
  const results = await Promise.allSettled([complete(shop, purchase, 'slowly'), complete(shop, purchase, 'slowly')])
  await expectWhole(shop)
  const books = await booksOf(shop)
  const bought = results.filter(({ status }) => status === 'fulfilled').length
  expect(books).toEqual({ orders: 1, captured: 295, onHand: 10, reserved: 1 })
  expect(bought).toBe(2)
})

test('700 lines, each of a product that stands in the cart twice, are one order', async () => {
  await using shop = await openShop('near')
  const skus = Array.from({ length: 350 }, (_, index) => `ITEM-${index}`)
  const products = skus.map((sku) => ({ code: sku, name: sku, variants: [{ sku, price: pence(99), stocked: true }] }))
  await shop.calls.catalog.importProducts.mutate({ products })
  await shop.calls.inventory.receive.mutate({
    reference: 'truck',
    lines: skus.map((sku) => ({ sku, quantity: 3 })),
  })
  const lines = [1, 2].flatMap((quantity) => skus.map((sku) => ({ sku, quantity })))
  const { orderId: id, orderToken: token, total } = await buy(shop, lines)
  expect(total).toEqual(pence(350 * 3 * 99))
  await expectWhole(shop)
  const order = await shop.as(guest).orders.get.query({ id, token })
  expect(order.lines.map(({ sku, quantity }) => ({ sku, quantity }))).toEqual(lines)
  expect(
    await shop.sql(`select sum(on_hand - reserved)::int as left from inventory.stock where sku like 'ITEM-%'`),
  ).toEqual([{ left: 0 }])
})
