import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { allLocations } from './queries.ts'

type Answer = AnswerOf<(typeof contract)['operations']['listLocations']>

export const listLocations = async (ctx: QueryCtx): Promise<Answer> => ({
  locations: await allLocations(ctx.db).execute(),
})
