import type { AskingOnly } from '#platform/contract'
import type { Cart } from './cart.ts'
import type { Calls } from './calls.ts'
import { chosenOf, demandedOf, type ShippingMethod } from './choose-shipping.ts'
import { type BarredLine, priceLines, skusOf, sortLines, type PricedLine, type Variant } from './price-lines.ts'

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

type QuoteOptions = {
  /** Whether a shipping method must be chosen where the country has any. */
  demandsShipping: boolean
}

/**
 * What the cart costs now, shipping and tax included: one call each to the catalog and pricing, and to fulfilment where
 * its methods matter. An empty cart costs nothing, and no call. Throws where a line cannot be bought.
 */
export async function quoteCart(calls: AskingOnly<Calls>, cart: Cart, options: QuoteOptions): Promise<CartQuote> {
  if (cart.lines.length === 0) return nothing
  const { variants, methods } = await lookUp(calls, cart, options)
  const method = isSent(variants) ? (options.demandsShipping ? demandedOf : chosenOf)(cart, methods) : null
  return quoteLines(calls, cart, { priced: priceLines(cart, variants), method, variants })
}

/** The same for whoever looks at the cart: lines that cannot be bought are told apart, and the others are quoted. */
export async function quoteCartShown(
  calls: AskingOnly<Calls>,
  cart: Cart,
): Promise<CartQuote & { barred: readonly BarredLine[] }> {
  if (cart.lines.length === 0) return { ...nothing, barred: [] }
  const { variants, methods } = await lookUp(calls, cart, { demandsShipping: false })
  const { priced, barred } = sortLines(cart, variants)
  if (priced.length === 0) return { ...nothing, barred }
  const bought = new Set(priced.map(({ sku }) => sku))
  const method = isSent(variants.filter(({ sku }) => bought.has(sku))) ? chosenOf(cart, methods) : null
  return { ...(await quoteLines(calls, cart, { priced, method, variants })), barred }
}

async function lookUp(calls: AskingOnly<Calls>, cart: Cart, options: QuoteOptions) {
  const [{ variants }, methods] = await Promise.all([
    calls.catalog.variants.query({ skus: skusOf(cart.lines) }),
    methodsFor(calls, cart, options),
  ])
  return { variants, methods }
}

const isSent = (variants: readonly Variant[]) => variants.some(({ stocked }) => stocked)

type Wanted = { priced: readonly PricedLine[]; method: ShippingMethod | null; variants: readonly Variant[] }

async function quoteLines(
  calls: AskingOnly<Calls>,
  { currency, address }: Cart,
  { priced, method, variants }: Wanted,
): Promise<CartQuote> {
  const quote = await calls.pricing.quote.query({
    currency,
    country: address?.country ?? nowhere,
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
