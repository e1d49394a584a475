import type { AskingOnly } from '#platform/contract'
import type { Cart } from './cart.ts'
import type { Calls } from './calls.ts'
import { chosenOf, demandedOf, type ShippingMethod } from './choose-shipping.ts'
import { priceLines, skusOf, type PricedLine } from './price-lines.ts'

type Amounts = { grossMinor: number; netMinor: number; taxMinor: number }
export type QuotedLine = PricedLine & Amounts
export type QuotedShipping = Amounts & { method: string; name: string }
export type CartQuote = {
  lines: QuotedLine[]
  /** How it is sent and what that costs; null where nothing is to be sent, or no method is chosen. */
  shipping: QuotedShipping | null
  /** The SKUs of which no stock is kept, such as services. */
  unstockedSkus: string[]
  grossMinor: number
  taxMinor: number
}

/** The unknown country, which has no tax rate. */
const nowhere = 'ZZ'
/** Sending the cart is quoted as one more line, so it is taxed as goods are. */
const shippingLineId = 'shipping'

const nothing: CartQuote = { lines: [], shipping: null, unstockedSkus: [], grossMinor: 0, taxMinor: 0 }

export type QuoteOptions = {
  /** Whether a shipping method must be chosen where the country has any. */
  demandsShipping: boolean
}

/**
 * What the cart costs now, shipping and tax included: one call each to the catalog and pricing, and to fulfilment where
 * its methods matter. An empty cart costs nothing, and no call.
 */
export async function quoteCart(calls: AskingOnly<Calls>, cart: Cart, options: QuoteOptions): Promise<CartQuote> {
  if (cart.lines.length === 0) return nothing
  const [{ variants }, methods] = await Promise.all([
    calls.catalog.variants.query({ skus: skusOf(cart.lines) }),
    methodsFor(calls, cart, options),
  ])
  const priced = priceLines(cart, variants)
  const isSent = variants.some(({ stocked }) => stocked)
  const method = isSent ? (options.demandsShipping ? demandedOf : chosenOf)(cart, methods) : null
  const quote = await calls.pricing.quote.query({
    currency: cart.currency,
    country: cart.address?.country ?? nowhere,
    lines: [
      ...priced.map(({ lineId, quantity, unitPriceMinor }) => ({ lineId, quantity, unitPriceMinor })),
      ...(method ? [{ lineId: shippingLineId, quantity: 1, unitPriceMinor: method.price.amountMinor }] : []),
    ],
  })
  const quoted = new Map(
    quote.lines.map(({ lineId, grossMinor, netMinor, taxMinor }) => [lineId, { grossMinor, netMinor, taxMinor }]),
  )
  return {
    lines: priced.map((line) => ({ ...line, ...quoted.get(line.lineId)! })),
    shipping: method && { method: method.code, name: method.name, ...quoted.get(shippingLineId)! },
    unstockedSkus: variants.filter(({ stocked }) => !stocked).map(({ sku }) => sku),
    grossMinor: quote.grossMinor,
    taxMinor: quote.taxMinor,
  }
}

async function methodsFor(
  calls: AskingOnly<Calls>,
  { address, currency, shippingMethod }: Cart,
  { demandsShipping }: QuoteOptions,
): Promise<ShippingMethod[]> {
  if (!address || (shippingMethod === null && !demandsShipping)) return []
  const { methods } = await calls.fulfilment.methods.query({ country: address.country, currency })
  return methods
}
