import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from '../contract.ts'
import { badCursor } from '../errors.ts'
import { accountsAfter } from './queries.ts'

type List = typeof contract.operations.listAccounts

const limitDefault = 20
const cursorForm = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)~(acc_[0-9a-f-]{36})$/

export async function listAccounts(ctx: QueryCtx, input: InputOf<List>): Promise<AnswerOf<List>> {
  const { limit = limitDefault, cursor, email = null, role = null } = input
  const after = cursor === undefined ? { afterCreatedAt: '', afterId: '' } : placeOf(cursor)
  // One more than the page tells whether there is another one.
  const rows = await accountsAfter(ctx.db).execute({ ...after, email, role, limit: limit + 1 })
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last ? `${last.createdAt}~${last.id}` : null }
}

/** The cursor names the last account of the page before. */
function placeOf(cursor: string): { afterCreatedAt: string; afterId: string } {
  const [, afterCreatedAt, afterId] = cursorForm.exec(cursor) ?? []
  if (afterCreatedAt === undefined || afterId === undefined) throw badCursor()
  return { afterCreatedAt, afterId }
}
