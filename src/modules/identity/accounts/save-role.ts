import type { CommandCtx } from '#platform/calls/context'
import { holds } from '#platform/values'
import { notYoursToGive } from '../errors.ts'
import { type Role, upsertRole } from './queries.ts'

/** Whoever may save roles puts into them what he holds, and no more: else `identity:write` would be everything. */
export async function saveRole(ctx: CommandCtx, { name, permissions: wanted }: Role): Promise<Role> {
  const permissions = [...new Set(wanted)].toSorted()
  const missing = permissions.find((permission) => !holds(ctx.actor, permission))
  if (missing !== undefined) throw notYoursToGive(missing)
  const [saved] = await upsertRole(ctx.tx).execute({ name, permissions })
  return saved!
}
