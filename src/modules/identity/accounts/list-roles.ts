import type { QueryCtx } from '#platform/calls/context'
import { allRoles, type Role } from './queries.ts'

export async function listRoles(ctx: QueryCtx): Promise<{ roles: Role[] }> {
  return { roles: await allRoles(ctx.db).execute() }
}
