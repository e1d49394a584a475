import type { QueryCtx } from '#platform/calls/context'
import { customerOf } from './cart.ts'
import { latestCartOf } from './queries.ts'

export async function findMine(ctx: QueryCtx): Promise<{ cartId: string | null }> {
  const customer = customerOf(ctx.actor)
  if (customer === null) return { cartId: null }
  const [cart] = await latestCartOf(ctx.db).execute({ customer })
  return { cartId: cart?.id ?? null }
}
