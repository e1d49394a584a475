import type { orderPlaced } from '#modules/orders'
import type { ListenerCtx } from '#platform/calls/context'
import type { z } from 'zod'
import { dayOf } from './day-range.ts'
import { countAlone, countOrder } from './queries.ts'

type OrderPlaced = z.infer<(typeof orderPlaced)['fact']>

/** Counts the order into the day on which it was ordered. Applied twice, it counts once. */
export async function onOrderPlaced(ctx: ListenerCtx, fact: OrderPlaced): Promise<void> {
  const { orderId, orderedAt, currency, grossMinor } = fact
  // Both travel together; the connection does them in this order.
  await Promise.all([
    countAlone(ctx.tx).execute(),
    countOrder(ctx.tx).execute({ orderId, day: dayOf(orderedAt), currency, grossMinor }),
  ])
}
