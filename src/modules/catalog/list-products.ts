import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { badCursor } from './errors.ts'
import { productsAfter } from './queries.ts'

type Operation = (typeof contract)['operations']['list']

const limitDefault = 20

/** The cursor is the position of the last product that was seen. */
export async function listProducts(ctx: QueryCtx, input: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const limit = input.limit ?? limitDefault
  const position = positionOf(input.cursor)
  // One more than asked for tells whether there is another page.
  const found = await productsAfter(ctx.db).execute({ position, limit: limit + 1 })
  const page = found.slice(0, limit)
  return {
    items: page.map(({ id, code, name, description, variants }) => ({ id, code, name, description, variants })),
    nextCursor: found.length > limit ? String(page.at(-1)?.position) : null,
  }
}

function positionOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0
  if (!/^[1-9]\d{0,14}$/.test(cursor)) throw badCursor()
  return Number(cursor)
}
