import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { outOfStock, referenceUsed } from './errors.ts'
import { columnsOf, mergeLines, sameLines } from './lines.ts'
import { insertReservation, reservationByReference } from './queries.ts'

type Operation = (typeof contract)['operations']['reserve']

/** All lines or none: where a SKU is short, the refusal takes the transaction back, and with it what was promised. */
export async function reserveStock(ctx: CommandCtx, input: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const { reference } = input
  const lines = mergeLines(input.lines)
  const id = ctx.newId('rsv')
  const [outcome] = await insertReservation(ctx.tx).execute({ id, reference, at: ctx.now(), ...columnsOf(lines) })
  if (outcome?.opened === true) {
    if (outcome.missing.length > 0) throw outOfStock(outcome.missing)
    return { reservationId: id }
  }
  const [earlier] = await reservationByReference(ctx.tx).execute({ reference })
  // A released one is over: its reference must not promise anything again.
  if (earlier === undefined || earlier.state === 'released' || !sameLines(earlier.lines, lines)) {
    throw referenceUsed(reference)
  }
  return { reservationId: earlier.id }
}
