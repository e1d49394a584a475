import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { upsertTaxRate } from './queries.ts'

type Operation = (typeof contract)['operations']['setTaxRate']

/** Quotes follow it from now on; what was ordered keeps its tax. */
export async function setTaxRate(ctx: CommandCtx, input: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const [rate = input] = await upsertTaxRate(ctx.tx).execute(input)
  return rate
}
