import { DomainError } from '#platform/errors'

const shown = 5

const some = (named: readonly string[]): string =>
  `${named.slice(0, shown).join(', ')}${named.length > shown ? ' and others' : ''}`

/** `skus` are those that stand more than once. */
export const skuTwice = (skus: readonly string[]) =>
  new DomainError('catalog.sku_twice', 'BAD_REQUEST', `Each SKU may stand once in an import: ${some(skus)}.`)

export const currencyTwice = (skus: readonly string[]) =>
  new DomainError('catalog.currency_twice', 'BAD_REQUEST', `One list price per currency: ${some(skus)}.`)

export const badChoices = (codes: readonly string[]) =>
  new DomainError(
    'catalog.bad_choices',
    'BAD_REQUEST',
    `All variants of a product choose one value of each of the same options, and no two alike: ${some(codes)}.`,
  )

export const unknownCategory = (slugs: readonly string[]) =>
  new DomainError('catalog.unknown_category', 'NOT_FOUND', `There is no category ${some(slugs)}.`)

export const categoryCircle = (slug: string, parent: string) =>
  new DomainError(
    'catalog.category_circle',
    'CONFLICT',
    `${slug} cannot stand below ${parent}, which is ${slug} itself or stands below it.`,
  )

export const unknownSku = (sku: string) =>
  new DomainError('catalog.unknown_sku', 'NOT_FOUND', `There is no variant with the SKU ${sku}.`)

export const unknownProduct = (asked: string) =>
  new DomainError('catalog.unknown_product', 'NOT_FOUND', `There is no product ${asked}.`)

export const tooManyPrices = (sku: string, pricesMax: number) =>
  new DomainError(
    'catalog.too_many_prices',
    'CONFLICT',
    `${sku} has list prices in ${pricesMax} currencies, and can have no more.`,
  )

export const badCursor = () =>
  new DomainError('catalog.bad_cursor', 'BAD_REQUEST', 'The cursor is not one that a page of products gave out.')
