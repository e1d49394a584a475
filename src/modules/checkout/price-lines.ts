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

/** Why a line cannot be bought now, and is not counted. */
export type LineProblem = 'not_available' | 'no_price'
export type BarredLine = PricedLine & { problem: LineProblem }

/**
 * The lines that can be bought now with their prices, and those that cannot with what is wrong: a cart shows both, so that
 * its customer can take them out. Where a barred line has no price it counts as zero, and its SKU stands for a lost name.
 */
export function sortLines(
  cart: Pick<Cart, 'currency' | 'lines'>,
  variants: readonly Variant[],
): { priced: PricedLine[]; barred: BarredLine[] } {
  const known = new Map(variants.map((variant) => [variant.sku, variant]))
  const priced: PricedLine[] = []
  const barred: BarredLine[] = []
  for (const line of cart.lines) {
    const variant = known.get(line.sku)
    const listPrice = variant?.prices.find(({ currency }) => currency === cart.currency)
    const price = line.unitPriceMinor ?? listPrice?.amountMinor
    const shown = { ...line, name: variant?.name ?? line.sku, unitPriceMinor: price ?? 0 }
    if (!variant?.published) barred.push({ ...shown, problem: 'not_available' })
    else if (price === undefined) barred.push({ ...shown, problem: 'no_price' })
    else priced.push(shown)
  }
  return { priced, barred }
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
