/** Pages of products: one more than asked for tells whether there is another page. */
import { badCursor } from './errors.ts'
import type { ProductRow } from './queries.ts'

export const limitDefault = 20

/** The page of what was found; `cursorOf` is what the last product that is shown hands to the next page. */
export function pageOfRows<Row extends ProductRow>(found: Row[], limit: number, cursorOf: (last: Row) => string) {
  const last = found.length > limit ? found[limit - 1] : undefined
  return {
    items: found.slice(0, limit).map(({ view }) => view),
    nextCursor: last === undefined ? null : cursorOf(last),
  }
}

/** The cursor of a list is the position of the last product that was seen. */
export function positionOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0
  if (!/^[1-9]\d{0,14}$/.test(cursor)) throw badCursor()
  return Number(cursor)
}

/** The cursor of a search is the rank of the last product that was seen, and its position among those alike. */
export function rankOf(cursor: string | undefined): { rank: string; position: number } {
  if (cursor === undefined) return { rank: 'Infinity', position: 0 }
  const [, rank, position] = /^(\d(?:\.\d{1,20})?(?:e-\d{1,2})?):([1-9]\d{0,14})$/.exec(cursor) ?? []
  if (rank === undefined || Number(rank) < 1e-37) throw badCursor()
  return { rank, position: Number(position) }
}
