import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { taxRateOfCountry } from './queries.ts'
import { quoteLines } from './quote-lines.ts'

type Operation = (typeof contract)['operations']['quote']

/** At the rate of the country that the goods go to. */
export async function quote(ctx: QueryCtx, input: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const [rate] = await taxRateOfCountry(ctx.db).execute({ country: input.country })
  const taxBasisPoints = rate?.basisPoints ?? 0
  return { currency: input.currency, taxBasisPoints, ...quoteLines(input.lines, taxBasisPoints) }
}
