import type { CommandCtx } from '#platform/calls/context'
import type { InputOf } from '#platform/contract'
import type { contract } from '../contract.ts'
import { lastOwner, unknownKey } from '../errors.ts'
import { apiKeyById, type ApiKeyView, revokeServiceKey, viewOf } from './queries.ts'

type KeyRef = InputOf<typeof contract.operations.revokeApiKey>

export async function revokeApiKey(ctx: CommandCtx, { id }: KeyRef): Promise<ApiKeyView> {
  const [revoked] = await revokeServiceKey(ctx.tx).execute({ id, revokedAt: ctx.now() })
  if (revoked) return viewOf(revoked)
  const [known] = await apiKeyById(ctx.tx).execute({ id })
  if (!known) throw unknownKey(id)
  if (known.kind === 'owner') throw lastOwner(id)
  return viewOf(known)
}
