/** Who takes part in most races: guests with carts, who come by one door of the hall or the other. */
import { fillCart, purchaseOf } from '../shop.ts'
import type { Arena } from './arena.ts'
import type { Play } from './play.ts'

export const guest = { kind: 'guest' } as const

export type Purchase = Awaited<ReturnType<typeof purchaseOf>>
export type Bought = { orderId: string; orderToken: string; orderNumber: number }

export const range = (count: number): number[] => Array.from({ length: count }, (_, number) => number)

/** What somebody asks for who has filled a cart. */
export async function fill(
  { hall }: Arena,
  lines: { sku: string; quantity: number }[],
  source?: string,
): Promise<Purchase> {
  return purchaseOf(hall, await fillCart(hall, lines), source)
}

/** Buys a cart by the door of that number. */
export const buyAt = (
  { doors }: Arena,
  { door, key }: { door: number; key?: string | undefined },
  purchase: Purchase,
) => doors[door % doors.length]!(guest).checkout.complete.mutate(purchase, key === undefined ? {} : { key })

/** The answer to a purchase, where a party has one. */
export const boughtBy = (play: Play, name: string) => play.answerOf(name) as Bought | undefined

/** What lies of a product, and what of it is promised and kept. */
export async function stockOf({ sql }: Arena, sku: string) {
  const [row] = await sql(
    `select on_hand::int as "onHand", reserved::int, held::int from inventory.stock where sku = $1`,
    [sku],
  )
  return row
}

/** The orders of a cart, with what was taken for them. */
export const ordersOf = ({ sql }: Arena, { cartId }: { cartId: string }) =>
  sql<{ id: string; state: string; gross: number; captured: number; refunded: number }>(
    `select o.id, o.state, o.gross_minor::int as gross, o.captured_minor::int as captured, o.refunded_minor::int as refunded
     from checkout.sagas s join orders.orders o on o.reference = s.id
     where s.operation = 'checkout.complete' and s.input->>'cartId' = $1 order by o.number`,
    [cartId],
  )

/** The payments of a cart, whatever became of them. */
export const paymentsOf = ({ sql }: Arena, { cartId }: { cartId: string }) =>
  sql<{ id: string; state: string; authorised: number; captured: number; voided: number }>(
    `select p.id, p.state, p.authorised_minor::int as authorised, p.captured_minor::int as captured, p.voided_minor::int as voided
     from checkout.sagas s join payments.payments p on p.reference = s.id
     where s.operation = 'checkout.complete' and s.input->>'cartId' = $1 order by p.id`,
    [cartId],
  )
