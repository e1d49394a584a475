/** Lines as callers write them, and as the tables hold them: one per SKU. */

export type Line = { sku: string; quantity: number }

/**
 * Adds up the lines of each SKU, in the order of the SKU's code units. PostgreSQL's collation "C" has the same order,
 * and every statement takes its row locks in it, so that no two of them wait for each other.
 */
export function mergeLines(lines: readonly Line[]): Line[] {
  const quantities = new Map<string, number>()
  for (const { sku, quantity } of lines) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity)
  return [...quantities]
    .map(([sku, quantity]) => ({ sku, quantity }))
    .sort((one, other) => (one.sku < other.sku ? -1 : 1))
}

/** Whether two merged lists say the same. */
export const sameLines = (some: readonly Line[], others: readonly Line[]): boolean =>
  some.length === others.length &&
  some.every(({ sku, quantity }, index) => others[index]?.sku === sku && others[index].quantity === quantity)

/** The lines as two arrays, as `unnest` takes them. */
export const columnsOf = (lines: readonly Line[]) => ({
  skus: lines.map(({ sku }) => sku),
  quantities: lines.map(({ quantity }) => quantity),
})
