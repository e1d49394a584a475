import type { CommandCtx } from '#platform/calls/context'
import type { InputOf } from '#platform/contract'
import { forbidden } from '#platform/errors'
import { type Actor, holds } from '#platform/values'
import type { contract } from '../contract.ts'
import { keyExists } from '../errors.ts'
import { apiKeyByHash, type ApiKeyRow, type ApiKeyView, insertApiKey, viewOf } from './queries.ts'

type NewApiKey = InputOf<typeof contract.operations.createApiKey>

export async function createApiKey(ctx: CommandCtx, wanted: NewApiKey): Promise<ApiKeyView> {
  refuseMoreThanHeld(ctx.actor, wanted.permissions)
  const [created] = await insertApiKey(ctx.tx).execute({
    ...wanted,
    id: ctx.newId('key'),
    kind: 'service',
    createdAt: ctx.now(),
  })
  if (created) return viewOf(created)
  const [known] = await apiKeyByHash(ctx.tx).execute({ keyHash: wanted.keyHash })
  if (!known || !isSame(known, wanted)) throw keyExists()
  return viewOf(known)
}

/** Whoever may create keys can hand on what they hold, and no more: else `identity:write` would be everything. */
function refuseMoreThanHeld(actor: Actor, permissions: string[]): void {
  const missing = permissions.find((permission) => !holds(actor, permission))
  if (missing !== undefined) throw forbidden(missing)
}

const isSame = (known: ApiKeyRow, { name, permissions }: NewApiKey): boolean =>
  known.kind === 'service' && known.name === name && JSON.stringify(known.permissions) === JSON.stringify(permissions)
