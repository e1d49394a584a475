/** The whole life of orders, near and far: kept, bought with its way, paid, sent, given back; or cancelled before it is sent. */
import { expect, test } from 'vitest'
import type { TestHall } from '#testing/hall'
import { booksOf, buy, expectWhole, fillCart, openShop, pence, purchaseOf, refused } from './shop.ts'

const guest = { kind: 'guest' } as const
const mugs = (quantity: number) => [{ sku: 'MUG', quantity }]
const post = { code: 'royal-mail', country: 'GB', name: 'Royal Mail', price: pence(395) }

type Bought = Awaited<ReturnType<typeof buy>>

const orderOf = ({ calls }: TestHall, { orderId: id }: Bought) => calls.orders.get.query({ id })

/** What the stock says of mugs. */
async function mugsOf({ calls }: TestHall) {
  const { levels } = await calls.inventory.levels.query({ skus: ['MUG'] })
  const [{ onHand, reserved, held, available }] = levels as [(typeof levels)[number]]
  return { onHand, reserved, held, available }
}

/** What reporting counts of all that was sold and given back. */
async function salesOf({ calls }: TestHall) {
  const day = '2026-01-01'
  const { byDay: _, ...sales } = await calls.reporting.sales.query({ from: day, to: day, currency: 'GBP' })
  return sales
}

test('a cart is held, bought with its way, paid, sent and given back in parts, and everybody agrees', async () => {
  await using shop = await openShop('near', { mugs: 3 })
  await shop.calls.fulfilment.saveMethod.mutate(post)
  const { checkout } = shop.as(guest)
  const cart = await fillCart(shop, mugs(3))
  await checkout.hold.mutate(cart)
  expect(await mugsOf(shop)).toEqual({ onHand: 3, reserved: 0, held: 3, available: 0 })
  await expect(buy(shop, mugs(1))).rejects.toMatchObject(refused('checkout.shipping_missing'))
  await expect(checkout.hold.mutate(await fillCart(shop, mugs(1)))).rejects.toMatchObject(
    refused('inventory.out_of_stock'),
  )
  const unsent = await purchaseOf(shop, cart)
  await checkout.setShipping.mutate({ ...cart, method: 'royal-mail' })
  await expect(checkout.complete.mutate(unsent)).rejects.toMatchObject(refused('checkout.price_changed'))
  const bought = await checkout.complete.mutate(await purchaseOf(shop, cart))
  expect(bought.total).toEqual(pence(3 * 295 + 395))
  await expectWhole(shop)
  expect(await mugsOf(shop)).toEqual({ onHand: 3, reserved: 3, held: 0, available: 0 })
  expect(await orderOf(shop, bought)).toMatchObject({ state: 'paid', capturedMinor: 1280, refundedMinor: 0 })

  const parcel = { orderId: bought.orderId, carrier: 'Royal Mail', trackingNumber: 'RM1' }
  const sent = await shop.calls.fulfilment.ship.mutate(parcel)
  expect(sent).toMatchObject({ state: 'shipped', method: 'royal-mail', lines: [{ sku: 'MUG', quantity: 3 }] })
  await expectWhole(shop)
  expect(await mugsOf(shop)).toEqual({ onHand: 0, reserved: 0, held: 0, available: 0 })
  expect(await shop.calls.fulfilment.ship.mutate(parcel)).toEqual(sent)
  const { orderId: id, orderToken: token } = bought
  await expect(shop.as(guest).orders.cancel.mutate({ id, token })).rejects.toMatchObject(
    refused('orders.already_shipped'),
  )
  for (const amountMinor of [295, 985])
    await shop.calls.orders.refund.mutate({ id, amount: pence(amountMinor), reason: 'came back' })
  const beyond = { id, amount: pence(1), reason: 'a penny more' }
  await expect(shop.calls.orders.refund.mutate(beyond)).rejects.toMatchObject(refused('orders.refund_too_much'))
  await expectWhole(shop)
  expect(await shop.as(guest).orders.get.query({ id, token })).toMatchObject({
    state: 'shipped',
    capturedMinor: 1280,
    refundedMinor: 1280,
    trackingNumber: 'RM1',
    shipping: { method: 'royal-mail', grossMinor: 395 },
  })
  expect(await salesOf(shop)).toEqual({ orders: 1, grossMinor: 1280, refundedMinor: 1280, behind: 0 })
})

test('an order that is cancelled before it is sent gives back stock and money, and is never sent', async () => {
  await using shop = await openShop('near', { mugs: 1 })
  const bought = await buy(shop, mugs(1))
  // Before and after its money was taken: once each, whichever comes first.
  const { orderId: id, orderToken: token } = bought
  const cancelled = await shop.as(guest).orders.cancel.mutate({ id, token })
  expect(cancelled).toEqual({ id, state: 'cancelled' })
  await expectWhole(shop)
  expect(await shop.as(guest).orders.cancel.mutate({ id, token })).toEqual(cancelled)
  await expect(shop.calls.fulfilment.ship.mutate({ orderId: id })).rejects.toMatchObject(refused('orders.cancelled'))
  const again = await buy(shop, mugs(1))
  await expectWhole(shop)
  await shop.calls.orders.cancel.mutate({ id: again.orderId, reason: 'sold out' })
  await expectWhole(shop)
  expect(await orderOf(shop, again)).toMatchObject({ state: 'cancelled', capturedMinor: 295, refundedMinor: 295 })
  expect(await mugsOf(shop)).toEqual({ onHand: 1, reserved: 0, held: 0, available: 1 })
  expect(await salesOf(shop)).toEqual({ orders: 0, grossMinor: 0, refundedMinor: 0, behind: 0 })
})

test('where money is taken on shipping, none is before; what was not sent is set free, and never taken', async () => {
  await using shop = await openShop('near', { env: { CAPTURE_ON: 'shipping' } })
  const [sent, dropped, service] = [
    await buy(shop, [...mugs(2), { sku: 'POST', quantity: 1 }]),
    await buy(shop, mugs(1)),
    await buy(shop, [{ sku: 'POST', quantity: 1 }]),
  ]
  await expectWhole(shop)
  expect(await orderOf(shop, sent)).toMatchObject({ state: 'placed', capturedMinor: 0 })
  // Nothing of it waits to be sent, so nothing would ever have it paid.
  expect(await orderOf(shop, service)).toMatchObject({ state: 'paid', capturedMinor: 1800 })
  await shop.calls.orders.capture.mutate({ id: sent.orderId, amount: pence(390) })
  await expectWhole(shop)
  await shop.calls.fulfilment.ship.mutate({ orderId: sent.orderId })
  await shop.calls.orders.cancel.mutate({ id: dropped.orderId })
  await expectWhole(shop)
  expect(await orderOf(shop, sent)).toMatchObject({ state: 'shipped', capturedMinor: 2390 })
  expect(await orderOf(shop, dropped)).toMatchObject({ state: 'cancelled', capturedMinor: 0 })
  expect(await booksOf(shop)).toEqual({ orders: 3, captured: 2390 + 1800, onHand: 8, reserved: 0 })
})

test('a parcel that was sent too early is told as refused, each time, and as done once, under one key', async () => {
  await using shop = await openShop('near')
  const { orderId } = await buy(shop, mugs(1))
  const ship = () => shop.calls.fulfilment.ship.mutate({ orderId }, { key: 'one-parcel-one-key' })
  await expect(ship()).rejects.toMatchObject(refused('fulfilment.unknown_shipment'))
  await expect(ship()).rejects.toMatchObject(refused('fulfilment.unknown_shipment'))
  // The shipment is known before the money is there.
  for (const each of shop.processes) await each.round({ resumeSagas: false })
  await expect(ship()).rejects.toMatchObject(refused('orders.not_paid'))
  await shop.settle()
  const sent = await ship()
  expect(await ship()).toEqual(sent)
  await expectWhole(shop)
  const told = await shop.sql(`SELECT fact->>'refused' AS refused, count(*)::int AS times FROM fulfilment.journal
    WHERE name = 'fulfilment.audited' GROUP BY 1 ORDER BY 1`)
  expect(told).toEqual([
    { refused: 'fulfilment.unknown_shipment', times: 2 },
    { refused: 'orders.not_paid', times: 1 },
    { refused: null, times: 1 },
  ])
})

test('of a cancellation and a parcel at once one wins, for every order, and stock and money follow it', async () => {
  await using shop = await openShop('near')
  const bought: Bought[] = []
  for (let n = 0; n < 8; n += 1) bought.push(await buy(shop, mugs(1)))
  await shop.settle()
  const races = bought.map(async ({ orderId, orderToken: token }, index) => {
    const cancel = () => shop.as(guest).orders.cancel.mutate({ id: orderId, token })
    const ship = () => shop.calls.fulfilment.ship.mutate({ orderId })
    const asks: (() => Promise<unknown>)[] = index % 2 === 0 ? [cancel, ship] : [ship, cancel]
    return Promise.allSettled(asks.map((ask) => ask()))
  })
  const results = (await Promise.all(races)).map((each) => each.filter(({ status }) => status === 'fulfilled').length)
  expect(results).toEqual(bought.map(() => 1))
  await expectWhole(shop)
  const shipped = (await Promise.all(bought.map((each) => orderOf(shop, each)))).filter(
    ({ state }) => state === 'shipped',
  ).length
  expect(await mugsOf(shop)).toMatchObject({ onHand: 10 - shipped, reserved: 0, available: 10 - shipped })
})

test('a customer takes a guest cart along, buys it and finds the order, which nobody else may see', async () => {
  await using shop = await openShop('near')
  const { id } = await shop.calls.identity.register.mutate({
    email: 'ada@example.org',
    password: 'a long enough password',
  })
  const ada = { kind: 'customer', id } as const
  const cart = await fillCart(shop, mugs(2))
  await shop.as(ada).checkout.merge.mutate(cart)
  const { cartId } = await shop.as(ada).checkout.mine.query({})
  const { total } = await shop.as(ada).checkout.getCart.query({ cartId: cartId! })
  await expect(shop.as(guest).checkout.getCart.query(cart)).rejects.toMatchObject(refused('checkout.unknown_cart'))
  const purchase = { cartId: cartId!, expectedTotal: total, payment: { source: 'card_ok' } }
  const { orderId } = await shop.as(ada).checkout.complete.mutate(purchase)
  await expectWhole(shop)
  const { items } = await shop.as(ada).orders.mine.query({})
  expect(items).toMatchObject([{ id: orderId, state: 'paid', total: pence(590) }])
  const eve = { kind: 'customer', id: id.replace(/.$/, (last) => (last === '0' ? '1' : '0')) } as const
  expect((await shop.as(eve).orders.mine.query({})).items).toEqual([])
  for (const stranger of [eve, guest])
    for (const ask of ['get', 'cancel'] as const) {
      const { orders } = shop.as(stranger)
      const asked = ask === 'get' ? orders.get.query({ id: orderId }) : orders.cancel.mutate({ id: orderId })
      await expect(asked).rejects.toMatchObject(refused('orders.unknown_order'))
    }
})

test('an expired hold keeps nobody off, and its cart is still bought where there is stock', async () => {
  await using shop = await openShop('near', { mugs: 1 })
  const [first, second] = [await fillCart(shop, mugs(1)), await fillCart(shop, mugs(1))]
  await shop.as(guest).checkout.hold.mutate(first)
  await expect(shop.as(guest).checkout.hold.mutate(second)).rejects.toMatchObject(refused('inventory.out_of_stock'))
  await shop.sql(`update inventory.holds set expires_at = now() - interval '1 second'`)
  const { orderId } = await shop.as(guest).checkout.complete.mutate(await purchaseOf(shop, second))
  await expect(shop.as(guest).checkout.complete.mutate(await purchaseOf(shop, first))).rejects.toMatchObject(
    refused('inventory.out_of_stock'),
  )
  await shop.calls.orders.cancel.mutate({ id: orderId })
  await expectWhole(shop)
  await shop.as(guest).checkout.complete.mutate(await purchaseOf(shop, first))
  await expectWhole(shop)
  expect(await mugsOf(shop)).toEqual({ onHand: 1, reserved: 1, held: 0, available: 0 })
})
