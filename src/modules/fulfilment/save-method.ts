import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { upsertMethod } from './queries.ts'

type Operation = (typeof contract)['operations']['saveMethod']

export async function saveMethod(ctx: CommandCtx, input: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const { code, country, name, price, position = null } = input
  const { amountMinor: priceMinor, currency } = price
  const [saved] = await upsertMethod(ctx.tx).execute({ code, country, currency, name, priceMinor, position })
  return { code, country, name, price, position: saved!.position }
}
