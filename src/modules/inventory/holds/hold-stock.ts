import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from '../contract.ts'
import { lockHold } from './hold-queries.ts'
import { columnsOf, mergeLines } from '../lines.ts'
import { takeAll } from '../take-all.ts'
import { insertHold } from '../taking-queries.ts'

type Operation = (typeof contract)['operations']['hold']

/** All lines or none: a refusal leaves in force what the reference held before. */
export async function holdStock(ctx: CommandCtx, input: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const { reference, minutes } = input
  const columns = columnsOf(mergeLines(input.lines))
  await lockHold(ctx.tx).execute({ reference })
  const take = () => insertHold(ctx.tx).execute({ reference, minutes, ...columns })
  const { expiresAt } = await takeAll(ctx.tx, { skus: columns.skus, take })
  return { expiresAt }
}
