/** A product as it is shown: pure, from what was imported or changed. */
import type { AnswerOf, InputOf } from '#platform/contract'
import type { Money } from '#platform/values'
import type { contract } from './contract.ts'

type Operations = (typeof contract)['operations']
export type NewProduct = InputOf<Operations['importProducts']>['products'][number]
type NewVariant = NewProduct['variants'][number]
export type ProductView = AnswerOf<Operations['get']>
export type VariantView = ProductView['variants'][number]
export type Choice = VariantView['choices'][number]

/** How a new product will be shown. Its status is published unless it says draft. */
export function viewOf(id: string, product: NewProduct): ProductView {
  const { code, name, description, status, categories, variants } = product
  return {
    id,
    code,
    name,
    description: description ?? null,
    status: status ?? 'published',
    categories: sortedOnce(categories ?? []),
    options: optionsOf(variants),
    variants: variants.map(({ sku, title, price, morePrices, choices, stocked }) => ({
      sku,
      title: title ?? null,
      price,
      prices: byCurrency([price, ...(morePrices ?? [])]),
      choices: choices ?? [],
      stocked,
    })),
  }
}

/** The product with one list price set. */
export function withPrice(product: ProductView, sku: string, price: Money): ProductView {
  return {
    ...product,
    variants: product.variants.map((variant) => {
      if (variant.sku !== sku) return variant
      const others = variant.prices.filter(({ currency }) => currency !== price.currency)
      const first = variant.price.currency === price.currency ? price : variant.price
      return { ...variant, price: first, prices: byCurrency([...others, price]) }
    }),
  }
}

/** Slugs sorted, each once. */
export const sortedOnce = (slugs: readonly string[]): string[] => [...new Set(slugs)].toSorted()

export const byCurrency = (prices: readonly Money[]): Money[] =>
  prices.toSorted((one, other) => (one.currency < other.currency ? -1 : 1))

/** SKU of variants with two list prices in one currency. */
export const skusWithCurrencyTwice = (variants: readonly NewVariant[]): string[] =>
  variants
    .filter(({ price, morePrices = [] }) => {
      const currencies = [price, ...morePrices].map(({ currency }) => currency)
      return new Set(currencies).size < currencies.length
    })
    .map(({ sku }) => sku)

/** Whether each variant chooses one value of each of the product's options, and no two choose alike. */
export function choicesFit(variants: readonly NewVariant[]): boolean {
  const names = (variants[0]?.choices ?? []).map(({ name }) => name)
  if (new Set(names).size < names.length) return false
  const made = variants.map(({ choices = [] }) => choicesInOrder(names, choices))
  // Without options, titles and SKUs tell variants apart.
  return made.every((choices) => choices !== undefined) && (names.length === 0 || new Set(made).size === made.length)
}

/** The values chosen, in the order of the names, as one text; undefined where the names are others. */
function choicesInOrder(names: readonly string[], choices: readonly Choice[]): string | undefined {
  if (choices.length !== names.length) return undefined
  const values = names.map((name) => choices.find((choice) => choice.name === name)?.value)
  return values.includes(undefined) ? undefined : JSON.stringify(values)
}

/** In the order in which the variants name them. */
function optionsOf(variants: readonly NewVariant[]): ProductView['options'] {
  const values = new Map<string, Set<string>>()
  for (const { name, value } of variants.flatMap(({ choices }) => choices ?? [])) {
    values.set(name, (values.get(name) ?? new Set()).add(value))
  }
  return [...values].map(([name, occurring]) => ({ name, values: [...occurring] }))
}
