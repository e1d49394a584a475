import type { QueryCtx } from '#platform/calls/context'
import { holds } from '#platform/values'
import { unknownOrder } from './errors.ts'
import { maySee } from './may-see.ts'
import { orderWithLines } from './queries.ts'
import { summaryOf, type OrderView } from './views.ts'

export async function getOrder(
  ctx: QueryCtx,
  { id, token }: { id: string; token?: string | undefined },
): Promise<OrderView> {
  const [order] = await orderWithLines(ctx.db).execute({ id })
  if (!order || !maySee(order, { actor: ctx.actor, token, permission: 'orders:read' })) throw unknownOrder(id)
  const { address, lines, shipping, taxMinor, carrier, trackingNumber } = order
  const isStaff = holds(ctx.actor, 'orders:read')
  const history = order.history.map((entry) => (isStaff ? entry : { ...entry, note: null }))
  return { ...summaryOf(order), address, lines, shipping, taxMinor, carrier, trackingNumber, history }
}
