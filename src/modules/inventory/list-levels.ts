import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { stockLevels } from './queries.ts'

type Operation = (typeof contract)['operations']['levels']

/** In the order of their SKU, each once, however often it was asked for. */
export async function listLevels(ctx: QueryCtx, { skus }: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const rows = await stockLevels(ctx.db).execute({ skus })
  return { levels: rows.map((row) => ({ ...row, available: row.onHand - row.reserved })) }
}
