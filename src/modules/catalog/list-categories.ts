import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf } from '#platform/contract'
import { allCategories } from './category-queries.ts'
import type { contract } from './contract.ts'

type Operation = (typeof contract)['operations']['listCategories']

export async function listCategories(ctx: QueryCtx): Promise<AnswerOf<Operation>> {
  return { categories: await allCategories(ctx.db).execute() }
}
