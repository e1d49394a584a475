/** What the lines of a cart cost per unit: the agreed price, or the catalog's of the day. Pure. */
import type { Money } from '#platform/values'
import type { Cart, CartLine } from './cart.ts'
import { notForSale, unknownSku, wrongCurrency } from './errors.ts'

/** What the catalog says of a SKU: at most one price per currency. */
export type Variant = { sku: string; name: string; prices: readonly Money[]; stocked: boolean; published: boolean }

export type PricedLine = CartLine & { name: string; unitPriceMinor: number }

/** Throws where the catalog does not sell a SKU, or has no price of it in the cart's currency. */
export function priceLines(cart: Pick<Cart, 'currency' | 'lines'>, variants: readonly Variant[]): PricedLine[] {
  const known = assertForSale(cart.lines, variants)
  return cart.lines.map((line) => {
    const { name, prices } = known.get(line.sku)!
    const listPrice = prices.find(({ currency }) => currency === cart.currency)
    const unitPriceMinor = line.unitPriceMinor ?? listPrice?.amountMinor
    if (unitPriceMinor === undefined) throw wrongCurrency(`The price of ${line.sku}`)
    return { ...line, name, unitPriceMinor }
  })
}

/** The variants of these lines by SKU. Throws where the catalog does not have one, or does not sell it. */
export function assertForSale(
  lines: readonly { sku: string }[],
  variants: readonly Variant[],
): ReadonlyMap<string, Variant> {
  const known = new Map(variants.map((variant) => [variant.sku, variant]))
  const skus = skusOf(lines)
  const unknown = skus.filter((sku) => !known.has(sku))
  if (unknown.length > 0) throw unknownSku(unknown)
  const drafts = skus.filter((sku) => !known.get(sku)!.published)
  if (drafts.length > 0) throw notForSale(drafts)
  return known
}

/** In which currencies all of these lines have a price: an agreed one, or one of the catalog's. */
export function currenciesOf(
  lines: readonly { sku: string; unitPrice?: Money | undefined }[],
  variants: ReadonlyMap<string, Variant>,
): string[] {
  const each = lines.map(({ sku, unitPrice }) => {
    const prices = unitPrice ? [unitPrice] : variants.get(sku)!.prices
    return new Set(prices.map(({ currency }) => currency))
  })
  const [first, ...others] = each
  return [...(first ?? [])].filter((currency) => others.every((currencies) => currencies.has(currency)))
}

/** Each SKU once, in the order in which they first stand. */
export const skusOf = (lines: readonly { sku: string }[]): string[] => [...new Set(lines.map(({ sku }) => sku))]
