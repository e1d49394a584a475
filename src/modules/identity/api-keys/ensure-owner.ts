import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from '../contract.ts'
import { insertApiKey } from './queries.ts'

type EnsureOwner = typeof contract.operations.ensureOwner

// Of two first starts at the same moment one creates the owner: a partial unique index allows no second.
export async function ensureOwner(ctx: CommandCtx, { keyHash }: InputOf<EnsureOwner>): Promise<AnswerOf<EnsureOwner>> {
  const created = await insertApiKey(ctx.tx).execute({
    id: ctx.newId('key'),
    name: 'owner',
    kind: 'owner',
    permissions: ['*'],
    keyHash,
    createdAt: ctx.now(),
  })
  return { created: created.length > 0 }
}
