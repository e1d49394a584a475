import type { CommandCtx } from '#platform/calls/context'
import type { InputOf } from '#platform/contract'
import type { contract } from '../contract.ts'
import { notYoursToGive, unknownAccount, unknownRole } from '../errors.ts'
import { type AccountView, giveRoles } from './queries.ts'

type Assignment = InputOf<typeof contract.operations.assignRoles>

export async function assignRoles(ctx: CommandCtx, { accountId, roles }: Assignment): Promise<AccountView> {
  const wanted = [...new Set(roles)].toSorted()
  const held = 'permissions' in ctx.actor ? ctx.actor.permissions : []
  const [outcome] = await giveRoles(ctx.tx).execute({ accountId, roles: wanted, held })
  if (outcome?.account) return outcome.account
  if (outcome?.unknown) throw unknownRole(outcome.unknown)
  if (outcome?.missing) throw notYoursToGive(outcome.missing)
  throw unknownAccount(accountId)
}
