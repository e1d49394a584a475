import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { limitDefault, pageOfRows, positionOf } from './page.ts'
import { allProductsAfter } from './queries.ts'

type Operation = (typeof contract)['operations']['listAll']

export async function listAllProducts(ctx: QueryCtx, input: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const { status = null, limit = limitDefault } = input
  const position = positionOf(input.cursor)
  const found = await allProductsAfter(ctx.db).execute({ position, status, limit: limit + 1 })
  return pageOfRows(found, limit, (last) => String(last.position))
}
