import type { SagaCtx } from '#platform/calls/context'
import type { InputOf } from '#platform/contract'
import { holds, type Address } from '#platform/values'
import type { Checkout } from './calls.ts'
import { assertOpen } from './cart.ts'
import type { contract } from './contract.ts'
import { addressMissing, badOrderDate, cartEmpty, notAllowed, priceChanged, wrongCurrency } from './errors.ts'
import { cartWithLines } from './queries.ts'
import { quoteCart, type CartQuote } from './quote-cart.ts'

export type Complete = InputOf<(typeof contract)['operations']['complete']>

/** What is bought, as it was quoted: the only source of what the later steps ask for. */
export type Purchase = CartQuote & { cartVersion: number; currency: string; address: Address }

/** Quotes the cart and compares the total with what the customer saw. Changes nothing. */
export async function quotePurchase(ctx: SagaCtx<Checkout>, input: Complete): Promise<Purchase> {
  assertAllowed(ctx, input)
  const { cartId, token, expectedTotal } = input
  const [cart] = await cartWithLines(ctx.db).execute({ cartId, token })
  assertOpen(cartId, cart)
  const { version: cartVersion, currency, address } = cart
  if (cart.lines.length === 0) throw cartEmpty(cartId)
  if (!address) throw addressMissing(cartId)
  if (expectedTotal.currency !== currency) throw wrongCurrency('The expected total')
  const quote = await quoteCart(ctx.calls, cart)
  const total = { amountMinor: quote.grossMinor, currency }
  if (expectedTotal.amountMinor !== total.amountMinor) throw priceChanged(total)
  return { cartVersion, currency, address, ...quote }
}

/** Order dates, external invoices and customers are for imports and business customers. */
function assertAllowed(ctx: SagaCtx<Checkout>, { orderedAt, externalInvoice, customer }: Complete): void {
  const special = orderedAt !== undefined || externalInvoice !== undefined || customer !== undefined
  if (special && !holds(ctx.actor, 'orders:price')) throw notAllowed()
  // ISO 8601 in UTC with milliseconds sorts as text.
  if (orderedAt !== undefined && orderedAt > ctx.now()) throw badOrderDate(orderedAt)
}
