import type { QueryCtx } from '#platform/calls/context'
import { holds } from '#platform/values'
import { unknownOrder } from './errors.ts'
import { orderWithLines } from './queries.ts'
import { summaryOf, type OrderView } from './views.ts'

export async function getOrder(
  ctx: QueryCtx,
  { id, token }: { id: string; token?: string | undefined },
): Promise<OrderView> {
  const [order] = await orderWithLines(ctx.db).execute({ id })
  if (!order || (order.token !== token && !holds(ctx.actor, 'orders:read'))) throw unknownOrder(id)
  const { address, lines, taxMinor } = order
  return { ...summaryOf(order), address, lines, taxMinor }
}
