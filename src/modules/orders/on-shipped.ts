import type { shipped } from '#modules/fulfilment'
import { capture } from '#modules/payments'
import type { ListenerCtx } from '#platform/calls/context'
import type { z } from 'zod'
import { finishShipping } from './change-queries.ts'
import { orderShipped } from './events.ts'
import { statesBefore } from './order-state.ts'
import { amountRequest } from './payment-requests.ts'
import { orderById } from './queries.ts'

type Shipped = z.infer<(typeof shipped)['fact']>

/** The goods have left: what was not asked for yet is captured now, whatever the setting was when the order was placed. */
export async function onShipped(ctx: ListenerCtx, fact: Shipped): Promise<void> {
  const { orderId: id, carrier, trackingNumber, shippedAt: at } = fact
  const wanted = { id, from: statesBefore('shipped'), carrier, trackingNumber, at }
  const [order] = await finishShipping(ctx.tx).execute(wanted)
  if (!order) return assertShipped(ctx, id)
  const { version, reference } = order
  ctx.announce(orderShipped, { orderId: id, version, reference })
  if (order.leftMinor > 0) ctx.enqueue(capture, amountRequest(order, { what: 'shipped', amountMinor: order.leftMinor }))
}

async function assertShipped(ctx: ListenerCtx, id: string): Promise<void> {
  const [order] = await orderById(ctx.tx).execute({ id })
  if (order?.state !== 'shipped')
    throw new Error(`Goods have left for order ${id}, which is ${order?.state ?? 'unknown'}.`)
}
