/** A cart as it is read, and what its state refuses. */
import type { Address } from '#platform/values'
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

/** Throws where the cart is not there, or is open no longer. */
export function assertOpen<Found extends Pick<Cart, 'state'>>(
  cartId: string,
  cart: Found | undefined,
): asserts cart is Found {
  if (!cart) throw unknownCart(cartId)
  if (cart.state !== 'open') throw cartClosed(cartId)
}
