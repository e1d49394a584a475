import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf } from '#platform/contract'
import type { contract } from '../contract.ts'
import { allApiKeys, viewOf } from './queries.ts'

export async function listApiKeys(ctx: QueryCtx): Promise<AnswerOf<typeof contract.operations.listApiKeys>> {
  const rows = await allApiKeys(ctx.db).execute()
  return { keys: rows.map(viewOf) }
}
