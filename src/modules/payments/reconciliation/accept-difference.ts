import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from '../contract.ts'
import { unknownDifference } from '../errors.ts'
import { acceptOne } from './queries.ts'

type Operation = (typeof contract)['operations']['acceptDifference']

/** A charge made by hand at the provider, say: nothing is booked for it, and nobody is reminded of it any more. */
export async function acceptDifference(
  ctx: CommandCtx,
  { id, because }: InputOf<Operation>,
): Promise<AnswerOf<Operation>> {
  const accepted = await acceptOne(ctx.tx).execute({ id, because, at: ctx.now() })
  if (accepted.length === 0) throw unknownDifference(id)
  return {}
}
