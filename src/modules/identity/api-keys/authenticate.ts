import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from '../contract.ts'
import { holderByKeyHash } from './queries.ts'

type Authenticate = typeof contract.operations.authenticate

export async function authenticate(ctx: QueryCtx, { keyHash }: InputOf<Authenticate>): Promise<AnswerOf<Authenticate>> {
  const [holder] = await holderByKeyHash(ctx.db).execute({ keyHash })
  if (!holder) return { actor: null }
  const { id, kind, permissions } = holder
  return { actor: { kind: kind === 'owner' ? 'staff' : 'service', id, permissions } }
}
