/** What orders tells: what is to be sent, and what is not any more. */
import type { orderCancelled, orderPlaced } from '#modules/orders'
import type { ListenerCtx } from '#platform/calls/context'
import type { z } from 'zod'
import { cancelShipment, insertShipment } from './queries.ts'

type OrderPlaced = z.infer<(typeof orderPlaced)['fact']>
type OrderCancelled = z.infer<(typeof orderCancelled)['fact']>

/** Facts of the first release name no lines: there was nothing to send then. */
export async function onOrderPlaced(ctx: ListenerCtx, fact: OrderPlaced): Promise<void> {
  const { orderId, number: orderNumber, reference, orderedAt, country, address = { country }, shipping } = fact
  const lines = (fact.lines ?? [])
    .filter(({ stocked }) => stocked)
    .map(({ sku, name, quantity }) => ({ sku, name, quantity }))
  if (lines.length === 0) return
  const method = shipping?.method ?? null
  const id = ctx.newId('shp')
  await insertShipment(ctx.tx).execute({ id, orderId, orderNumber, reference, address, method, lines, orderedAt })
}

/** What has nothing to send has nothing to give up. */
export async function onOrderCancelled(ctx: ListenerCtx, { orderId }: OrderCancelled): Promise<void> {
  const [answer] = await cancelShipment(ctx.tx).execute({ orderId })
  // Orders decides between the two, so that never both happen: a person must see what else there is.
  if (answer!.left) throw new Error(`Order ${orderId} was cancelled, but its goods have left.`)
}
