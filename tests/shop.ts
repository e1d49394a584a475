/** A small shop for whole flows: a real hall with something to sell, and guests who buy. */
import { brokenInvariants, readCharges } from '#testing/invariants'
import { type Distance, startTestHall, type TestHall, type TestHallOptions } from '#testing/hall'
import { expect } from 'vitest'

export const pence = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })
export const refused = (reason: string) => ({ data: { reason } })

type Line = { sku: string; quantity: number }
type Cart = { cartId: string; token: string }

/** Sells mugs at 295p and one free gift, of which there is stock, and postage at 1,800p, of which none is kept. */
export async function openShop(
  distance: Distance,
  { mugs = 10, ...options }: { mugs?: number } & Omit<TestHallOptions, 'distance'> = {},
): Promise<TestHall> {
  const hall = await startTestHall({ distance, ...options })
  const product = (sku: string, amountMinor: number, stocked = true) => ({
    code: sku,
    name: `the ${sku}`,
    variants: [{ sku, price: pence(amountMinor), stocked }],
  })
  const products = [product('MUG', 295), product('GIFT', 0), product('POST', 1800, false)]
  await hall.calls.catalog.importProducts.mutate({ products })
  const lines = [
    { sku: 'MUG', quantity: mugs },
    { sku: 'GIFT', quantity: 1 },
  ]
  await hall.calls.inventory.receive.mutate({ reference: 'delivery', lines })
  return hall
}

/** A guest's cart that goes to Great Britain. */
export async function fillCart(hall: Pick<TestHall, 'as'>, lines: Line[]): Promise<Cart> {
  const { checkout } = hall.as({ kind: 'guest' })
  const cart = await checkout.createCart.mutate({ currency: 'GBP', address: { country: 'GB' } })
  await checkout.addLines.mutate({ ...cart, lines })
  return cart
}

/** What a guest who saw the cart's total of today asks for. */
export async function purchaseOf(hall: Pick<TestHall, 'as'>, cart: Cart, source = 'card_ok') {
  const { total } = await hall.as({ kind: 'guest' }).checkout.getCart.query(cart)
  return { ...cart, expectedTotal: total, payment: { source } }
}

/** A guest fills a cart and buys it. */
export async function buy(hall: Pick<TestHall, 'as'>, lines: Line[], source?: string) {
  const purchase = await purchaseOf(hall, await fillCart(hall, lines), source)
  return hall.as({ kind: 'guest' }).checkout.complete.mutate(purchase)
}

/** Lets the hall finish what it has begun, and looks at everything that must hold. */
export async function expectWhole(hall: TestHall): Promise<void> {
  await hall.settle()
  expect(await brokenInvariants(hall.sql, { charges: await readCharges(hall.paymentsUrl), settled: true })).toEqual([])
}

/** What was sold and taken in all: orders, pence captured, mugs on hand and reserved. What was sold stays reserved until it is sent. */
export async function booksOf({ sql }: Pick<TestHall, 'sql'>) {
  const [books] = await sql(`SELECT (SELECT count(*)::int FROM orders.orders) AS orders,
    (SELECT coalesce(sum(captured_minor), 0)::int FROM payments.payments) AS captured,
    (SELECT on_hand::int FROM inventory.stock WHERE sku = 'MUG') AS "onHand",
    (SELECT reserved::int FROM inventory.stock WHERE sku = 'MUG') AS reserved`)
  return books
}
