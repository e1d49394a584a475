import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { refuseUnknownCategory } from './list-products.ts'
import { limitDefault, pageOfRows, rankOf } from './page.ts'
import { productsMatching } from './queries.ts'
import { wordsOf } from './words-of.ts'

type Operation = (typeof contract)['operations']['search']

export async function searchProducts(ctx: QueryCtx, input: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const { category, limit = limitDefault } = input
  const after = rankOf(input.cursor)
  const text = wordsOf(input.text)
  const wanted = { ...after, text, words: text.length, category: category ?? null, limit: limit + 1 }
  const found = text.length === 0 ? [] : await productsMatching(ctx.db).execute(wanted)
  if (found.length === 0) await refuseUnknownCategory(ctx, category)
  return pageOfRows(found, limit, ({ rank, position }) => `${rank}:${position}`)
}
