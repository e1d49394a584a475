import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { allTaxRates } from './queries.ts'

/** In the order of their country codes. */
export async function listTaxRates(ctx: QueryCtx): Promise<AnswerOf<(typeof contract)['operations']['listTaxRates']>> {
  return { rates: await allTaxRates(ctx.db).execute() }
}
