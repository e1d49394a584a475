import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from '../contract.ts'
import { referenceUsed } from '../errors.ts'
import { lockHold } from '../holds/hold-queries.ts'
import { columnsOf, mergeLines, sameLines } from '../lines.ts'
import { takeAll } from '../take-all.ts'
import { insertReservation, insertReservationFromHold, reservationByReference } from '../taking-queries.ts'

type Operation = (typeof contract)['operations']['reserve']

/** All lines or none, and the hold with them: a refusal leaves what the cart holds as it is. */
export async function reserveStock(ctx: CommandCtx, input: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const { reference, hold } = input
  const lines = mergeLines(input.lines)
  const columns = columnsOf(lines)
  const wanted = { id: ctx.newId('rsv'), reference, at: ctx.now(), ...columns }
  if (hold !== undefined) await lockHold(ctx.tx).execute({ reference: hold })
  const take = () =>
    hold === undefined
      ? insertReservation(ctx.tx).execute(wanted)
      : insertReservationFromHold(ctx.tx).execute({ ...wanted, hold })
  const { opened } = await takeAll(ctx.tx, { skus: columns.skus, take })
  if (opened) return { reservationId: wanted.id }
  const [earlier] = await reservationByReference(ctx.tx).execute({ reference })
  // A released one is over: its reference must not promise anything again.
  if (earlier === undefined || earlier.state === 'released' || !sameLines(earlier.lines, lines)) {
    throw referenceUsed(reference)
  }
  return { reservationId: earlier.id }
}
