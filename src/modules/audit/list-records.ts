import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { recordsBefore } from './queries.ts'

type List = typeof contract.operations.list

const limitDefault = 20

export async function listRecords(ctx: QueryCtx, input: InputOf<List>): Promise<AnswerOf<List>> {
  const { limit = limitDefault, before = Number.MAX_SAFE_INTEGER, refused = null } = input
  const rows = await recordsBefore(ctx.db).execute({ number: before, limit, refused })
  return {
    entries: rows.map(({ number, operation, actor, requestId, inputHash, refused: reason, times, note, at, hash }) => ({
      number,
      operation,
      actor,
      requestId,
      inputHash,
      refused: reason,
      times,
      note,
      at,
      hash,
    })),
  }
}
