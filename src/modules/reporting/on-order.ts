/** What becomes of an order, counted into its day, country and products. Applied twice, it counts once. */
import type { orderCancelled, orderPlaced, orderRefunded } from '#modules/orders'
import type { ListenerCtx } from '#platform/calls/context'
import type { z } from 'zod'
import { dayOf } from './day-range.ts'
import { countOrder, countRefund, uncountOrder } from './queries.ts'
import type { SoldLine } from './schema.ts'

type OrderPlaced = z.infer<(typeof orderPlaced)['fact']>
type OrderCancelled = z.infer<(typeof orderCancelled)['fact']>
type OrderRefunded = z.infer<(typeof orderRefunded)['fact']>

export async function onOrderPlaced(ctx: ListenerCtx, fact: OrderPlaced): Promise<void> {
  const { orderId, version, orderedAt, currency, country, grossMinor } = fact
  const lines = JSON.stringify(linesBySku(fact.lines ?? []))
  const row = { orderId, version, day: dayOf(orderedAt), orderedAt, currency, country, grossMinor, lines }
  await countOrder(ctx.tx).execute(row)
}

/** Sales are what was not cancelled: the order counts no longer, on the day on which it counted. */
export async function onOrderCancelled(ctx: ListenerCtx, { orderId, version }: OrderCancelled): Promise<void> {
  const [answer] = await uncountOrder(ctx.tx).execute({ orderId, version })
  assertKnown(answer, orderId)
}

/** What was given back stands beside what was sold, on the day of the order. */
export async function onOrderRefunded(ctx: ListenerCtx, fact: OrderRefunded): Promise<void> {
  const { orderId, version, amountMinor } = fact
  const [answer] = await countRefund(ctx.tx).execute({ orderId, version, amountMinor })
  assertKnown(answer, orderId)
}

// An order's events come in their order, so that it was placed first: a person must see what else there is.
function assertKnown(answer: { isKnown: boolean } | undefined, orderId: string): void {
  if (!answer?.isKnown) throw new Error(`Order ${orderId} was changed, but never told to have been placed.`)
}

/** One line per SKU, called as its last line calls it: an order may name one several times. */
function linesBySku(lines: NonNullable<OrderPlaced['lines']>): SoldLine[] {
  const bySku = new Map<string, SoldLine>()
  for (const { sku, name, quantity, grossMinor } of lines) {
    const before = bySku.get(sku)
    const units = (before?.units ?? 0) + quantity
    bySku.set(sku, { sku, name, units, grossMinor: (before?.grossMinor ?? 0) + grossMinor })
  }
  return [...bySku.values()]
}
