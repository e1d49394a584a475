import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { unknownLocation } from './errors.ts'
import { columnsOf, mergeLines } from './lines.ts'
import { insertReceipt } from './queries.ts'
import { mainLocation } from './schema.ts'

type Operation = (typeof contract)['operations']['receive']

/** `units` is what this call received: none where the reference has had its receipt. */
export async function receiveStock(ctx: CommandCtx, input: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const { reference, location = mainLocation } = input
  const lines = mergeLines(input.lines)
  const units = lines.reduce((sum, { quantity }) => sum + quantity, 0)
  const [receipt] = await insertReceipt(ctx.tx).execute({
    reference,
    location,
    units,
    at: ctx.now(),
    ...columnsOf(lines),
  })
  if (!receipt!.isKnown) throw unknownLocation(location)
  return receipt!.received ? { received: true, units } : { received: false, units: 0 }
}
