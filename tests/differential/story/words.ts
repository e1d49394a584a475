/** The words that the story is told in: who asks, for what, and what must come of it. */
import { createHash } from 'node:crypto'
import { guest, type Actor } from '#platform/values'
import { customer } from '../credentials.ts'
import type { Call, Lockstep } from '../lockstep.ts'

export { customer, service } from '../credentials.ts'

/** An id of the right form that nobody has. */
export const unknown = (prefix: string) => `${prefix}_00000000-0000-7000-8000-000000000000`
/** A customer whom identity does not know: none that could sign in. */
export const stranger: Actor = { kind: 'customer', id: unknown('acc') }
export const asGuest: Partial<Call> = { actor: guest, caller: 'client:guest' }
export const asCustomer: Partial<Call> = { actor: customer, caller: `client:${customer.id}` }
export const asCheckout: Partial<Call> = { caller: 'checkout' }
export const gbp = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })
export const eur = (amountMinor: number) => ({ amountMinor, currency: 'EUR' })
export const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')

export type Cart = { cartId: string; token: string }

/** Makes a call that must be refused for this reason. */
export async function expectRefusal(halls: Lockstep, reason: string, { path, input, ...more }: Call): Promise<void> {
  const met = await halls.refusal(path, input, more)
  if (met !== reason) throw new Error(`${path} was to be refused as ${reason}, and was: ${met}`)
}

/** Makes calls of one operation that must be refused, each for its reason. */
export async function expectRefusals(halls: Lockstep, path: string, inputs: Record<string, object>): Promise<void> {
  for (const [reason, input] of Object.entries(inputs)) await expectRefusal(halls, reason, { path, input })
}

/** Opens a guest's cart with an address and lines. */
export async function openCart(
  halls: Lockstep,
  lines: object[],
  address: object = { country: 'GB', city: 'Łódź' },
): Promise<Cart> {
  const cart = (await halls.answer('checkout.createCart', { currency: 'GBP' }, asGuest)) as Cart
  await halls.answer('checkout.setAddress', { ...cart, address }, asGuest)
  if (lines.length > 0) await halls.answer('checkout.addLines', { ...cart, lines }, asGuest)
  return cart
}

export const buying = (cart: object, total: object, source = 'card_ok') => ({
  ...cart,
  expectedTotal: total,
  payment: { source },
})

/** Buys units of a SKU at once; answers with the order's id, number and token. */
export async function buy(
  halls: Lockstep,
  lines: object[],
  { source, actor = asGuest }: { source?: string; actor?: Partial<Call> } = {},
): Promise<{ orderId: string; orderToken: string; total: { amountMinor: number } }> {
  const cart = await openCart(halls, lines)
  const { total } = await halls.answer('checkout.getCart', cart, asGuest)
  return halls.answer('checkout.complete', buying(cart, total, source), actor)
}
