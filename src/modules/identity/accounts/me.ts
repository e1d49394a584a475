import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf } from '#platform/contract'
import type { contract } from '../contract.ts'
import { noAccount } from '../errors.ts'
import { accountById } from './queries.ts'

export async function me(ctx: QueryCtx): Promise<AnswerOf<typeof contract.operations.me>> {
  if (ctx.actor.kind === 'guest') throw noAccount()
  const [account] = await accountById(ctx.db).execute({ id: ctx.actor.id })
  if (!account) throw noAccount()
  return account
}
