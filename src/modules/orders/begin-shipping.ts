import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { startShipping } from './change-queries.ts'
import type { contract } from './contract.ts'
import { notPaid, orderCancelledBefore, unknownOrder } from './errors.ts'
import { type CaptureOn, statesBefore } from './order-state.ts'
import { orderById } from './queries.ts'

type BeginShipping = (typeof contract)['operations']['beginShipping']

export const beginShipping =
  (captureOn: CaptureOn) =>
  async (ctx: CommandCtx, { orderId }: InputOf<BeginShipping>): Promise<AnswerOf<BeginShipping>> => {
    const from = statesBefore('shipping', captureOn)
    const [begun] = await startShipping(ctx.tx).execute({ id: orderId, from, at: ctx.now() })
    if (begun) return { orderId, reference: begun.reference }
    const [order] = await orderById(ctx.tx).execute({ id: orderId })
    if (!order) throw unknownOrder(orderId)
    if (order.state === 'cancelled') throw orderCancelledBefore(orderId)
    if (order.state === 'shipping' || order.state === 'shipped') return { orderId, reference: order.reference }
    throw notPaid(orderId)
  }
