import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { badCursor } from './errors.ts'
import { ordersBefore } from './queries.ts'
import { summaryOf } from './views.ts'

type List = (typeof contract)['operations']['list']

const limitDefault = 20

export async function listOrders(ctx: QueryCtx, input: InputOf<List>): Promise<AnswerOf<List>> {
  const { limit = limitDefault, cursor, customer, state } = input
  const before = cursor === undefined ? undefined : numberOf(cursor)
  // One more than the page tells whether there is another one.
  const rows = await ordersBefore(ctx.db, { before, customer, state, limit: limit + 1 })
  const items = rows.slice(0, limit).map(summaryOf)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last ? String(last.number) : null }
}

/** The cursor is the number of the last order of the page before. */
function numberOf(cursor: string): number {
  const number = Number(cursor)
  if (!/^[1-9]\d*$/.test(cursor) || !Number.isSafeInteger(number)) throw badCursor()
  return number
}
