import { DomainError } from '#platform/errors'

const skusShown = 5

/** `skus` are those that stand more than once. */
export const skuTwice = (skus: readonly string[]) =>
  new DomainError(
    'catalog.sku_twice',
    'BAD_REQUEST',
    `Each SKU may stand once in an import: ${skus.slice(0, skusShown).join(', ')}${skus.length > skusShown ? ' and others' : ''}.`,
  )

export const unknownSku = (sku: string) =>
  new DomainError('catalog.unknown_sku', 'NOT_FOUND', `There is no variant with the SKU ${sku}.`)

export const unknownProduct = (asked: string) =>
  new DomainError('catalog.unknown_product', 'NOT_FOUND', `There is no product ${asked}.`)

export const badCursor = () =>
  new DomainError('catalog.bad_cursor', 'BAD_REQUEST', 'The cursor is not one that a page of products gave out.')
