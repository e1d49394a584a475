/**
 * A crowd at a hall that may die at any instant: guests who keep stock, buy, cancel and get money back, and staff who sends
 * their parcels. Each asks again under the same key until the hall has answered, so that all that was wanted is done once.
 */
import { brokenInvariants } from '#testing/invariants'
import { expect } from 'vitest'
import { createHallCalls, type HallCalls, keyed } from '../../src/commands/hall-calls.ts'
import { hallFailure, repeatCall } from '../../src/commands/repeat-call.ts'
import { settled } from './books.ts'
import { callsOf } from './trading.ts'
import type { World } from './world.ts'

const pence = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })
const price = 295
const postage = 395
const total = price + postage
const patienceMs = 120_000

/** What becomes of a purchase: left alone, cancelled, sent, sent and given back in part, or cancelled and sent at once. */
const fates = ['kept', 'cancelled', 'sent', 'returned', 'raced'] as const
type Fate = (typeof fates)[number]
type End = 'paid' | 'cancelled' | 'shipped'

export type Crowd = { size: number; concurrency: number }

/** Told of an order that was placed just now. */
const tooEarly = ['fulfilment.unknown_shipment', 'orders.not_paid']

type Shop = { guest: HallCalls; staff: HallCalls }

/** Asks until the hall has answered, and answers otherwise than with a refusal that passes by itself. */
async function ask<T>(call: () => Promise<T>, passing: readonly string[] = []): Promise<T> {
  const pause = () => new Promise((resolve) => setTimeout(resolve, 40))
  const giveUpAt = performance.now() + patienceMs
  for (;;) {
    try {
      return await repeatCall(call, { patienceMs, pause })
    } catch (error) {
      const reason = hallFailure(error)?.reason ?? ''
      if (!passing.includes(reason) || performance.now() > giveUpAt) throw error
      await pause()
    }
  }
}

/** Puts mugs for all on sale, and a way to send them. */
async function openForSale({ staff: { catalog, inventory, fulfilment } }: Shop, { size }: Crowd): Promise<void> {
  const variants = [{ sku: 'MUG', price: pence(price), stocked: true }]
  const products = [{ code: 'MUG', name: 'Mug', variants }]
  await ask(() => catalog.importProducts.mutate({ products }, keyed('crowd-products-of-all')))
  const delivery = { reference: 'delivery', lines: [{ sku: 'MUG', quantity: size }] }
  await ask(() => inventory.receive.mutate(delivery, keyed('crowd-delivery-for-all')))
  const way = { code: 'royal-mail', country: 'GB', name: 'Royal Mail', price: pence(postage) }
  await ask(() => fulfilment.saveMethod.mutate(way, keyed('crowd-method-of-all')))
}

async function buyOne({ guest: { checkout } }: Shop, name: string) {
  const key = (step: string) => keyed(`crowd-guest-${name}-${step}`)
  const basket = { currency: 'GBP', address: { country: 'GB' } }
  const cart = await ask(() => checkout.createCart.mutate(basket, key('cart')))
  const lines = [{ sku: 'MUG', quantity: 1 }]
  await ask(() => checkout.addLines.mutate({ ...cart, lines }, key('lines')))
  await ask(() => checkout.setShipping.mutate({ ...cart, method: 'royal-mail' }, key('shipping')))
  await ask(() => checkout.hold.mutate(cart, key('hold')))
  const purchase = { ...cart, expectedTotal: pence(total), payment: { source: 'card_ok' } }
  return ask(() => checkout.complete.mutate(purchase, key('complete')))
}

/** Buys, and does to the order what fate wants; tells what has become of it. */
async function live(shop: Shop, name: string, fate: Fate): Promise<End> {
  const { orderId, orderToken: token } = await buyOne(shop, name)
  const key = (step: string) => keyed(`crowd-order-${name}-${step}`)
  const cancel = async () => {
    await ask(() => shop.guest.orders.cancel.mutate({ id: orderId, token }, key('cancel')))
    return 'cancelled' as const
  }
  const ship = async () => {
    await ask(() => shop.staff.fulfilment.ship.mutate({ orderId }, key('ship')), tooEarly)
    return 'shipped' as const
  }
  if (fate === 'kept') return 'paid'
  if (fate === 'cancelled') return cancel()
  if (fate === 'raced') return winnerOf(await Promise.allSettled([cancel(), ship()]))
  await ship()
  const refund = { id: orderId, amount: pence(price), reason: 'broken' }
  if (fate === 'returned') await ask(() => shop.staff.orders.refund.mutate(refund, key('refund')))
  return 'shipped'
}

/** One is done, and the other refused for it. */
function winnerOf(results: PromiseSettledResult<End>[]): End {
  const ends = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const reasons = results.flatMap((result) =>
    result.status === 'rejected' ? [hallFailure(result.reason)?.reason] : [],
  )
  expect(ends).toHaveLength(1)
  expect(reasons).toEqual([ends[0] === 'cancelled' ? 'orders.cancelled' : 'orders.already_shipped'])
  return ends[0]!
}

/** All of them, some at a time. Tells how often what became of orders. */
export async function comeAndGo(world: World, url: string, crowd: Crowd): Promise<Record<End, number>> {
  const shop = { guest: createHallCalls(url, undefined), staff: await callsOf(world, url) }
  await openForSale(shop, crowd)
  const ends: Record<End, number> = { paid: 0, cancelled: 0, shipped: 0 }
  const names = Array.from({ length: crowd.size }, (_, index) => index)
  const walk = async () => {
    for (let name = names.shift(); name !== undefined; name = names.shift())
      ends[await live(shop, `number-${name}`, fates[name % fates.length]!)] += 1
  }
  await Promise.all(Array.from({ length: crowd.concurrency }, walk))
  return ends
}

/** Of a purchase that was taken back something may have been voided too: that is no order's. */
const ofOrders = (what: string) =>
  `(SELECT sum(p.${what}_minor)::int FROM payments.payments AS p JOIN orders.orders AS o USING (reference)) AS ${what}`

/** Orders, stock and money as they must be after the crowd; then the checker looks at everything. */
export async function expectTheCrowdsBooks(world: World, ends: Record<End, number>, { size }: Crowd): Promise<void> {
  await settled(world.sql)
  const [books] = await world.sql(
    `SELECT (SELECT json_object_agg(state, n) FROM (SELECT state, count(*) AS n FROM orders.orders GROUP BY state) AS s) AS ends,
       ${['captured', 'voided', 'refunded'].map(ofOrders).join(', ')},
       on_hand::int AS "onHand", reserved::int, held::int FROM inventory.stock WHERE sku = 'MUG'`,
  )
  const returned = Math.floor((size - fates.indexOf('returned') + fates.length - 1) / fates.length)
  const { captured, voided, refunded, ...others } = books as Record<'captured' | 'voided' | 'refunded', number>
  expect(others).toEqual({ ends, onHand: size - ends.shipped, reserved: ends.paid, held: 0 })
  // A cancellation that came before the capture has voided what otherwise was given back.
  expect({ taken: captured + voided, back: voided + refunded }).toEqual({
    taken: total * size,
    back: total * ends.cancelled + price * returned,
  })
  expect(await brokenInvariants(world.sql, { charges: await world.charges(), settled: true })).toEqual([])
}
