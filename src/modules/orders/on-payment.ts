/**
 * What payments tells is added to the order, once: events of a payment carry its version. What fits no order is an error
 * that a person must see: the event is parked, and all of its payment behind it.
 */
import type { paymentCaptured, paymentRefunded, paymentRefused } from '#modules/payments'
import type { ListenerCtx } from '#platform/calls/context'
import type { z } from 'zod'
import { addCaptured, addRefunded, forgetCapture, forgetRefund } from './change-queries.ts'
import { orderPaid, orderRefunded } from './events.ts'
import { statesBefore } from './order-state.ts'
import { orderByReference } from './queries.ts'

type Captured = z.infer<(typeof paymentCaptured)['fact']>
type Refunded = z.infer<(typeof paymentRefunded)['fact']>
type Refused = z.infer<(typeof paymentRefused)['fact']>

/** Money was captured: the order is paid once that is all of its total, in one piece or several. */
export async function onPaymentCaptured(ctx: ListenerCtx, fact: Captured): Promise<void> {
  const from = statesBefore('paid')
  const [order] = await addCaptured(ctx.tx).execute({ ...amountOf(fact), from, at: ctx.now() })
  if (!order) return assertHeardBefore(ctx, fact)
  const { orderId, version, reference } = order
  if (order.isPaid) ctx.announce(orderPaid, { orderId, version, reference })
}

/** Money was given back. A cancelled order counts for nothing any more, and so does what comes back of it. */
export async function onPaymentRefunded(ctx: ListenerCtx, fact: Refunded): Promise<void> {
  const [order] = await addRefunded(ctx.tx).execute({ ...amountOf(fact), at: ctx.now() })
  if (!order) return assertHeardBefore(ctx, fact)
  const { isCancelled, ...told } = order
  if (!isCancelled) ctx.announce(orderRefunded, { ...told, amountMinor: fact.amountMinor })
}

/** The provider did not do what was asked: its history says so, and staff may ask again. */
export async function onPaymentRefused(ctx: ListenerCtx, { kind, ...fact }: Refused): Promise<void> {
  // What cannot be voided, such as an authorisation that has expired, ends by itself.
  if (kind === 'void') return
  const forget = kind === 'capture' ? forgetCapture : forgetRefund
  const [order] = await forget(ctx.tx).execute({ ...amountOf(fact), at: ctx.now() })
  if (!order) await assertHeardBefore(ctx, fact)
}

const amountOf = ({ reference, currency, amountMinor, version }: Captured) => ({
  reference,
  currency,
  amountMinor,
  paymentVersion: version,
})

async function assertHeardBefore(ctx: ListenerCtx, fact: Captured): Promise<void> {
  const { reference, version, amountMinor, currency } = fact
  const [order] = await orderByReference(ctx.tx).execute({ reference })
  if (order && order.currency === currency && order.paymentVersion >= version) return
  throw new Error(
    `A payment of ${amountMinor} ${currency} (version ${version}) fits no order of reference ${reference}.`,
  )
}
