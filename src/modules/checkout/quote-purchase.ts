import type { SagaCtx } from '#platform/calls/context'
import type { InputOf } from '#platform/contract'
import { holds, type Address } from '#platform/values'
import type { Checkout } from './calls.ts'
import { assertOpen, customerOf, keyOf } from './cart.ts'
import type { contract } from './contract.ts'
import { addressMissing, badOrderDate, cartEmpty, notAllowed, priceChanged, wrongCurrency } from './errors.ts'
import { cartWithLines } from './queries.ts'
import { quoteCart, type CartQuote } from './quote-cart.ts'

export type Complete = InputOf<(typeof contract)['operations']['complete']>

/** What is bought, as it was quoted: the only source, besides the input, of what the later steps ask for. */
export type Purchase = CartQuote & {
  cartVersion: number
  currency: string
  address: Address
  /** The account whose order it becomes. */
  account: string | null
  /** Under which reference inventory keeps stock for the cart. */
  holdReference: string | null
}

/**
 * Quotes the cart and compares the total with what the customer saw. Changes nothing. Who may agree on prices agrees on
 * carriage too, so no shipping method is demanded of an import.
 */
export async function quotePurchase(ctx: SagaCtx<Checkout>, input: Complete): Promise<Purchase> {
  assertAllowed(ctx, input)
  const { cartId, expectedTotal } = input
  const [cart] = await cartWithLines(ctx.db).execute(keyOf(ctx, input))
  assertOpen(cartId, cart)
  const { version: cartVersion, currency, address, holdReference } = cart
  if (cart.lines.length === 0) throw cartEmpty(cartId)
  if (!address) throw addressMissing(cartId)
  if (expectedTotal.currency !== currency) throw wrongCurrency('The expected total')
  const quote = await quoteCart(ctx.calls, cart, { demandsShipping: !holds(ctx.actor, 'orders:price') })
  const total = { amountMinor: quote.grossMinor, currency }
  if (expectedTotal.amountMinor !== total.amountMinor) throw priceChanged(total)
  const account = customerOf(ctx.actor) ?? cart.customer
  return { cartVersion, currency, address, account, holdReference, ...quote }
}

/** Order dates, external invoices and customers are for imports and business customers. */
function assertAllowed(ctx: SagaCtx<Checkout>, { orderedAt, externalInvoice, customer }: Complete): void {
  const special = orderedAt !== undefined || externalInvoice !== undefined || customer !== undefined
  if (special && !holds(ctx.actor, 'orders:price')) throw notAllowed()
  // ISO 8601 in UTC with milliseconds sorts as text.
  if (orderedAt !== undefined && orderedAt > ctx.now()) throw badOrderDate(orderedAt)
}
