/** The suite's second chapter: carts, purchases, and what may become of an order. */
import { describe, expect, test } from 'vitest'
import { eventually } from '#testing/eventually'
import {
  availableOf,
  buy,
  fillCart,
  onceItMay,
  orderOnce,
  pence,
  postage,
  purchaseOf,
  refused,
  type Shop,
} from './shop.ts'

const mug = [{ sku: 'MUG', quantity: 1 }]
const vase = [{ sku: 'VASE', quantity: 1 }]
/** Told of an order that was placed just now. */
const tooEarly = ['fulfilment.unknown_shipment', 'orders.not_paid']

export function testBuying(shop: () => Shop): void {
  describe('whoever buys', () => {
    test('fills a cart, takes something out, chooses the post, and keeps the stock', () => fillsACart(shop()))

    test('pays what was seen, by a card that is good, for what is there', () => paysWhatWasSeen(shop()))

    test('cancels the last of its kind, which is then there for somebody else', () => cancelsTheLast(shop()))

    test('is sent a parcel, and given back a part of the money', () => isSentAndRefunded(shop()))
  })
}

async function fillsACart({ guest: { checkout } }: Shop): Promise<void> {
  const cart = await checkout.createCart.mutate({ currency: 'GBP', address: { country: 'GB' } })
  const lines = [
    { sku: 'MUG', quantity: 2 },
    { sku: 'WRAPPING', quantity: 1 },
  ]
  const { lineIds } = await checkout.addLines.mutate({ ...cart, lines })
  expect(await checkout.getCart.query(cart)).toMatchObject({ lines, total: pence(740), heldUntil: null })
  await checkout.removeLines.mutate({ ...cart, lineIds: lineIds.slice(1) })
  const { methods } = await checkout.shippingMethods.query(cart)
  expect(methods).toEqual([{ code: 'royal-mail', name: 'Royal Mail', price: pence(postage) }])
  await checkout.setShipping.mutate({ ...cart, method: 'royal-mail' })
  await checkout.hold.mutate(cart)
  expect(await checkout.getCart.query(cart)).toMatchObject({
    state: 'open',
    lines: [{ sku: 'MUG', quantity: 2, grossMinor: 590 }],
    shipping: { method: 'royal-mail', grossMinor: postage },
    heldUntil: expect.any(String),
    total: pence(590 + postage),
  })
  await expect(checkout.addLines.mutate({ ...cart, lines: [{ sku: 'NONSENSE', quantity: 1 }] })).rejects.toMatchObject(
    refused('checkout.unknown_sku'),
  )
}

async function paysWhatWasSeen(shop: Shop): Promise<void> {
  const { checkout, orders } = shop.guest
  const purchase = await purchaseOf(shop.guest, await fillCart(shop.guest, mug))
  for (const [wrong, reason] of [
    [{ expectedTotal: pence(1) }, 'checkout.price_changed'],
    [{ payment: { source: 'card_declined' } }, 'checkout.payment_declined'],
  ] as const)
    await expect(checkout.complete.mutate({ ...purchase, ...wrong })).rejects.toMatchObject(refused(reason))
  await expect(buy(shop.guest, [{ sku: 'MUG', quantity: 1000 }])).rejects.toMatchObject(
    refused('inventory.out_of_stock'),
  )
  const bought = await checkout.complete.mutate(purchase)
  expect(bought.total).toEqual(pence(295 + postage))
  const order = await orderOnce(shop, bought, ({ state }) => state === 'paid')
  expect(order).toMatchObject({
    number: bought.orderNumber,
    total: bought.total,
    capturedMinor: 295 + postage,
    lines: [{ sku: 'MUG', quantity: 1 }],
  })
  await expect(checkout.complete.mutate(purchase)).rejects.toMatchObject(refused('checkout.cart_closed'))
  await expect(orders.get.query({ id: bought.orderId })).rejects.toMatchObject(refused('orders.unknown_order'))
}

async function cancelsTheLast(shop: Shop): Promise<void> {
  const { orders } = shop.guest
  const bought = await buy(shop.guest, vase)
  await expect(buy(shop.guest, vase)).rejects.toMatchObject(refused('inventory.out_of_stock'))
  const { orderId: id, orderToken: token } = bought
  expect(await orders.cancel.mutate({ id, token })).toEqual({ id, state: 'cancelled' })
  expect(await orders.cancel.mutate({ id, token })).toEqual({ id, state: 'cancelled' })
  // Whether or not it was captured by then, the money goes back.
  await orderOnce(shop, bought, ({ capturedMinor, refundedMinor }) => capturedMinor === refundedMinor)
  await eventually(
    () => availableOf(shop, 'VASE'),
    (available) => available === 1,
  )
  const ship = () => shop.owner.fulfilment.ship.mutate({ orderId: id })
  await expect(onceItMay(ship, ['fulfilment.unknown_shipment'])).rejects.toThrow('orders.cancelled')
  const again = await buy(shop.guest, vase)
  await orderOnce(shop, again, ({ state }) => state === 'paid')
}

async function isSentAndRefunded(shop: Shop): Promise<void> {
  const bought = await buy(shop.guest, [{ sku: 'MUG', quantity: 3 }])
  const { orderId, orderToken: token } = bought
  const parcel = { orderId, carrier: 'Royal Mail', trackingNumber: 'RM1' }
  const sent = await onceItMay(() => shop.owner.fulfilment.ship.mutate(parcel), tooEarly)
  expect(sent).toMatchObject({ state: 'shipped', lines: [{ sku: 'MUG', quantity: 3 }] })
  expect(await shop.owner.fulfilment.ship.mutate(parcel)).toEqual(sent)
  await expect(shop.guest.orders.cancel.mutate({ id: orderId, token })).rejects.toMatchObject(
    refused('orders.already_shipped'),
  )
  const refund = (amountMinor: number) =>
    shop.owner.orders.refund.mutate({ id: orderId, amount: pence(amountMinor), reason: 'one was broken' })
  await refund(295)
  const order = await orderOnce(shop, bought, ({ refundedMinor }) => refundedMinor === 295)
  expect(order).toMatchObject({ capturedMinor: 3 * 295 + postage, trackingNumber: 'RM1' })
  await expect(refund(3 * 295 + postage)).rejects.toMatchObject(refused('orders.refund_too_much'))
  const history = order.history.map(({ what }) => what)
  expect(history.toSorted()).toEqual(expect.arrayContaining(['captured', 'paid', 'placed', 'refunded', 'shipped']))
}
