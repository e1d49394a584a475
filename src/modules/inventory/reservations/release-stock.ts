import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { releaseReservations, reservationStates } from './closing-queries.ts'
import type { contract } from '../contract.ts'
import { alreadyCommitted } from '../errors.ts'

type Operation = (typeof contract)['operations']['release']

/** A reservation that has not arrived is refused when it does: the platform keeps the tombstone. */
export async function releaseStock(ctx: CommandCtx, { reference }: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const references = [reference]
  const ended = await releaseReservations(ctx.tx).execute({ references, at: ctx.now() })
  if (ended.length > 0) return { released: true }
  const [reservation] = await reservationStates(ctx.tx).execute({ references })
  if (reservation?.state === 'committed') throw alreadyCommitted(reference)
  return { released: reservation?.state === 'released' }
}
