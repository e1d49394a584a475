/** What the lines of a cart cost per unit: the agreed price, or the catalog's of the day. Pure. */
import type { Money } from '#platform/values'
import type { Cart, CartLine } from './cart.ts'
import { unknownSku, wrongCurrency } from './errors.ts'

/** What the catalog says of a SKU. */
export type Variant = { sku: string; name: string; price: Money }

export type PricedLine = CartLine & { name: string; unitPriceMinor: number }

/** Throws where the catalog does not have a SKU, or has its price in another currency than the cart's. */
export function priceLines(cart: Pick<Cart, 'currency' | 'lines'>, variants: readonly Variant[]): PricedLine[] {
  const known = new Map(variants.map((variant) => [variant.sku, variant]))
  const unknown = skusOf(cart.lines).filter((sku) => !known.has(sku))
  if (unknown.length > 0) throw unknownSku(unknown)
  return cart.lines.map((line) => {
    const { name, price } = known.get(line.sku)!
    if (line.unitPriceMinor === null && price.currency !== cart.currency)
      throw wrongCurrency(`The price of ${line.sku}`)
    return { ...line, name, unitPriceMinor: line.unitPriceMinor ?? price.amountMinor }
  })
}

/** Each SKU once, in the order in which they first stand. */
export const skusOf = (lines: readonly { sku: string }[]): string[] => [...new Set(lines.map(({ sku }) => sku))]
