import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { alreadyReleased, unknownReservation } from './errors.ts'
import { commitReservation, reservationState } from './queries.ts'

type Operation = (typeof contract)['operations']['commit']

/** Repeated, it answers as before and takes nothing more. */
export async function commitStock(ctx: CommandCtx, { reference }: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const [outcome] = await commitReservation(ctx.tx).execute({ reference, at: ctx.now() })
  if (outcome?.ended === true) return { committed: true }
  const [reservation] = await reservationState(ctx.tx).execute({ reference })
  if (reservation === undefined) throw unknownReservation(reference)
  if (reservation.state === 'released') throw alreadyReleased(reference)
  return { committed: true }
}
