import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { upsertLocation } from './queries.ts'

type Operation = (typeof contract)['operations']['saveLocation']

export async function saveLocation(ctx: CommandCtx, input: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const { code, name, priority = null } = input
  const [location] = await upsertLocation(ctx.tx).execute({ code, name, priority })
  return location!
}
