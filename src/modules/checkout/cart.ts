/** A cart as it is read, and what its state refuses. */
import type { Address } from '#platform/values'
import type { DomainError } from '#platform/errors'
import { cartClosed, unknownCart } from './errors.ts'

/** A cart holds at most this many lines, which is also what its neighbours take at once. */
export const cartLinesMax = 1000

export type CartRef = { cartId: string; token: string }

export type CartLine = {
  lineId: string
  sku: string
  quantity: number
  /** The agreed price per unit; null is the catalog's price of the day. */
  unitPriceMinor: number | null
}

export type Cart = {
  id: string
  state: 'open' | 'completing' | 'completed'
  currency: string
  address: Address | null
  version: number
  lineCount: number
  orderId: string | null
  lines: CartLine[]
}

/** Why this cart, if it is there, cannot be changed or bought now; undefined where it can. */
export function refusalOf(cartId: string, cart: { state: Cart['state'] } | undefined): DomainError | undefined {
  if (!cart) return unknownCart(cartId)
  return cart.state === 'open' ? undefined : cartClosed(cartId)
}
