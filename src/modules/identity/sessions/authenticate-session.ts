import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from '../contract.ts'
import { holderOfSession } from './queries.ts'

type Authenticate = typeof contract.operations.authenticateSession

export async function authenticateSession(
  ctx: QueryCtx,
  { sessionId }: InputOf<Authenticate>,
): Promise<AnswerOf<Authenticate>> {
  const [holder] = await holderOfSession(ctx.db).execute({ sessionId, now: ctx.now() })
  if (!holder) return { actor: null }
  const { id, roles, permissions } = holder
  return { actor: roles.length > 0 ? { kind: 'staff', id, permissions } : { kind: 'customer', id } }
}
