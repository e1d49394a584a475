import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { methodsOf } from './queries.ts'

type Operation = (typeof contract)['operations']['methods']

export async function listMethods(ctx: QueryCtx, input: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const rows = await methodsOf(ctx.db).execute(input)
  const { currency } = input
  return {
    methods: rows.map(({ code, name, priceMinor }) => ({ code, name, price: { amountMinor: priceMinor, currency } })),
  }
}
