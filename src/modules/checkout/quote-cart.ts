import type { AskingOnly } from '#platform/contract'
import type { Cart } from './cart.ts'
import type { Calls } from './calls.ts'
import { priceLines, skusOf, type PricedLine } from './price-lines.ts'

export type QuotedLine = PricedLine & { grossMinor: number; netMinor: number; taxMinor: number }
export type CartQuote = {
  lines: QuotedLine[]
  /** The SKUs of which no stock is kept, such as services. */
  unstockedSkus: string[]
  grossMinor: number
  taxMinor: number
}

/** The unknown country, which has no tax rate. */
const nowhere = 'ZZ'

/** What the cart costs now, tax included: one call to the catalog, one to pricing, none where it is empty. */
export async function quoteCart(calls: AskingOnly<Calls>, cart: Cart): Promise<CartQuote> {
  if (cart.lines.length === 0) return { lines: [], unstockedSkus: [], grossMinor: 0, taxMinor: 0 }
  const { variants } = await calls.catalog.variants.query({ skus: skusOf(cart.lines) })
  const priced = priceLines(cart, variants)
  const quote = await calls.pricing.quote.query({
    currency: cart.currency,
    country: cart.address?.country ?? nowhere,
    lines: priced.map(({ lineId, quantity, unitPriceMinor }) => ({ lineId, quantity, unitPriceMinor })),
  })
  const quoted = new Map(quote.lines.map((line) => [line.lineId, line]))
  const lines = priced.map((line) => {
    const { grossMinor, netMinor, taxMinor } = quoted.get(line.lineId)!
    return { ...line, grossMinor, netMinor, taxMinor }
  })
  const unstockedSkus = variants.filter(({ stocked }) => !stocked).map(({ sku }) => sku)
  return { lines, unstockedSkus, grossMinor: quote.grossMinor, taxMinor: quote.taxMinor }
}
