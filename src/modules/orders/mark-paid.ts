import type { ListenerCtx } from '#platform/calls/context'
import { orderPaid } from './events.ts'
import { orderByReference, payOrder } from './queries.ts'

type Captured = { reference: string; amountMinor: number; currency: string }

/**
 * The payment of an order was captured: it is paid. Twice is once. A payment is captured after its order was placed, in
 * full; one that fits no order is an error that a person must see.
 */
export async function markPaid(ctx: ListenerCtx, { reference, amountMinor, currency }: Captured): Promise<void> {
  const [paid] = await payOrder(ctx.tx).execute({ reference, amountMinor, currency })
  if (paid) return ctx.announce(orderPaid, { ...paid, reference })
  const [order] = await orderByReference(ctx.tx).execute({ reference })
  const before = order?.state === 'paid' && order.grossMinor === amountMinor && order.currency === currency
  if (!before)
    throw new Error(`A captured payment of ${amountMinor} ${currency} fits no order of reference ${reference}.`)
}
