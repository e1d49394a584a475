import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { deleteMethod } from './queries.ts'

type Operation = (typeof contract)['operations']['removeMethod']

/** `removed` is whether this call did it. */
export async function removeMethod(ctx: CommandCtx, input: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const rows = await deleteMethod(ctx.tx).execute(input)
  return { removed: rows.length > 0 }
}
