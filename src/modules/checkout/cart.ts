/** A cart as it is read, who may open it, and what its state refuses. */
import type { Actor, Address } from '#platform/values'
import { cartClosed, unknownCart } from './errors.ts'

/** A cart holds at most this many lines, which is also what its neighbours take at once. */
export const cartLinesMax = 1000

export type CartRef = { cartId: string; token?: string | undefined }

/** Which cart is asked for, and what opens it: its token, or its customer. */
export type CartKey = { cartId: string; token: string | null; customer: string | null }

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
  customer: string | null
  currency: string
  address: Address | null
  /** The shipping method chosen, and the country that it was chosen for. */
  shippingMethod: string | null
  shippingCountry: string | null
  /** Under which reference inventory keeps its stock, if it was asked to, and until when, if it still does. */
  holdReference: string | null
  heldUntil: string | null
  version: number
  lineCount: number
  orderId: string | null
  lines: CartLine[]
}

/** The account that somebody is signed in with. A guest has none, and an API key is nobody's. */
export const customerOf = (actor: Actor): string | null =>
  actor.kind === 'customer' || (actor.kind === 'staff' && actor.id.startsWith('acc_')) ? actor.id : null

export const keyOf = ({ actor }: { actor: Actor }, { cartId, token }: CartRef): CartKey => ({
  cartId,
  token: token ?? null,
  customer: customerOf(actor),
})

/** Throws where the cart is not there, or is open no longer. */
export function assertOpen<Found extends Pick<Cart, 'state'>>(
  cartId: string,
  cart: Found | undefined,
): asserts cart is Found {
  if (!cart) throw unknownCart(cartId)
  if (cart.state !== 'open') throw cartClosed(cartId)
}
