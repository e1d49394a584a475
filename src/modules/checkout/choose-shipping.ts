/** How a cart is sent: the method chosen, where its country has it. Pure. */
import type { Money } from '#platform/values'
import type { Cart } from './cart.ts'
import { shippingMissing, unknownShippingMethod } from './errors.ts'

export type ShippingMethod = { code: string; name: string; price: Money }

type Chosen = Pick<Cart, 'address' | 'shippingMethod' | 'shippingCountry'>

/** The method by which the cart is sent. Null where none was chosen, or its country does not have the one chosen. */
export const chosenOf = (cart: Chosen, methods: readonly ShippingMethod[]): ShippingMethod | null =>
  methods.find(({ code }) => code === cart.shippingMethod) ?? null

/**
 * The method by which a cart is sent that is bought. Throws where its country has methods, and none of them is chosen. One
 * that was chosen for another country and does not serve this one counts as not chosen, one that was taken away as gone.
 */
export function demandedOf(cart: Chosen, methods: readonly ShippingMethod[]): ShippingMethod | null {
  const chosen = chosenOf(cart, methods)
  if (chosen || methods.length === 0) return chosen
  const { shippingMethod, shippingCountry, address } = cart
  if (shippingMethod !== null && shippingCountry === address?.country) throw unknownShippingMethod(shippingMethod)
  throw shippingMissing(methods.map(({ code }) => code))
}
