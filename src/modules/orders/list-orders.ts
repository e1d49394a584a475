import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { badCursor } from './errors.ts'
import { ordersBefore, ordersOfCustomer } from './queries.ts'
import { summaryOf } from './views.ts'

type Operations = (typeof contract)['operations']
type Page = AnswerOf<Operations['list']>

const limitDefault = 20

export async function listOrders(ctx: QueryCtx, input: InputOf<Operations['list']>): Promise<Page> {
  const { limit = limitDefault, cursor, customer, state = null } = input
  // One more than the page tells whether there is another one.
  const wanted = { before: numberBefore(cursor), state, limit: limit + 1 }
  const rows =
    customer === undefined
      ? await ordersBefore(ctx.db).execute(wanted)
      : await ordersOfCustomer(ctx.db).execute({ ...wanted, customer })
  const items = rows.slice(0, limit).map(summaryOf)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last ? String(last.number) : null }
}

/** The orders of whoever asks. Staff who are no customers themselves have none. */
export async function listMyOrders(ctx: QueryCtx, input: InputOf<Operations['mine']>): Promise<Page> {
  const { actor } = ctx
  if (actor.kind === 'guest') return { items: [], nextCursor: null }
  return listOrders(ctx, { ...input, customer: actor.id })
}

/** The cursor is the number of the last order of the page before. */
function numberBefore(cursor: string | undefined): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER
  const number = Number(cursor)
  if (!/^[1-9]\d*$/.test(cursor) || !Number.isSafeInteger(number)) throw badCursor()
  return number
}
