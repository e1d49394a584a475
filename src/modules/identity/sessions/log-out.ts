import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from '../contract.ts'
import { closeSession } from './queries.ts'
import { tokenHashOf } from './tokens.ts'

type LogOut = typeof contract.operations.logOut

export async function logOut(ctx: CommandCtx, { refreshToken }: InputOf<LogOut>): Promise<AnswerOf<LogOut>> {
  const [token] = await closeSession(ctx.tx).execute({ tokenHash: tokenHashOf(refreshToken), now: ctx.now() })
  return { ended: token?.known ?? false }
}
