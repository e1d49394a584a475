import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { alreadyCommitted } from './errors.ts'
import { releaseReservation, reservationState } from './queries.ts'

type Operation = (typeof contract)['operations']['release']

/** A reservation that has not arrived is refused when it does: the platform keeps the tombstone. */
export async function releaseStock(ctx: CommandCtx, { reference }: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const [outcome] = await releaseReservation(ctx.tx).execute({ reference, at: ctx.now() })
  if (outcome?.ended === true) return { released: true }
  const [reservation] = await reservationState(ctx.tx).execute({ reference })
  if (reservation?.state === 'committed') throw alreadyCommitted(reference)
  return { released: reservation?.state === 'released' }
}
