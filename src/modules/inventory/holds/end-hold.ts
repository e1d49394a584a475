import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from '../contract.ts'
import { deleteHold, lockHold } from './hold-queries.ts'

type Operation = (typeof contract)['operations']['endHold']

/** `ended` is whether this call did it. */
export async function endHold(ctx: CommandCtx, { reference }: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  await lockHold(ctx.tx).execute({ reference })
  const [outcome] = await deleteHold(ctx.tx).execute({ reference })
  return { ended: outcome!.ended }
}
