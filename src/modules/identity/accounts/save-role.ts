import type { CommandCtx } from '#platform/calls/context'
import { holds } from '#platform/values'
import { notYoursToGive } from '../errors.ts'
import { allRoles, type Role, upsertRole } from './queries.ts'

/**
 * Whoever may save roles puts into them what he holds, and no more: else `identity:write` would be everything. Nor does he
 * change a role that permits more than that: else he could take everything from everybody else.
 */
export async function saveRole(ctx: CommandCtx, { name, permissions: wanted }: Role): Promise<Role> {
  const permissions = [...new Set(wanted)].toSorted()
  const missing = permissions.find((permission) => !holds(ctx.actor, permission))
  if (missing !== undefined) throw notYoursToGive(missing)
  const held = 'permissions' in ctx.actor ? ctx.actor.permissions : []
  const [saved] = await upsertRole(ctx.tx).execute({ name, permissions, held })
  if (saved) return saved
  const known = (await allRoles(ctx.tx).execute()).find((role) => role.name === name)
  throw notYoursToGive(known?.permissions.find((permission) => !holds(ctx.actor, permission)) ?? '*')
}
