import { type Actor, holds } from '#platform/values'

type Guarded = { token: string; customer: string | null }

/** Whether somebody may see an order, or do to it what a permission allows: who has its token, its customer, staff. */
export function maySee(order: Guarded, by: { actor: Actor; token: string | undefined; permission: string }): boolean {
  const { actor, token, permission } = by
  const isTheirs = actor.kind !== 'guest' && actor.id === order.customer
  return order.token === token || isTheirs || holds(actor, permission)
}
