import { capture } from '#modules/payments'
import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { requestCapture } from './change-queries.ts'
import type { contract } from './contract.ts'
import { captureTooMuch, orderCancelledBefore, unknownOrder, wrongCurrency } from './errors.ts'
import { amountRequest } from './payment-requests.ts'
import { orderById } from './queries.ts'

type Capture = (typeof contract)['operations']['capture']

export async function captureOrder(ctx: CommandCtx, { id, amount }: InputOf<Capture>): Promise<AnswerOf<Capture>> {
  const [order] = await requestCapture(ctx.tx).execute({ id, ...amount, at: ctx.now() })
  if (!order) throw await refusal(ctx, id, amount.currency)
  const what = `capture:${order.version}`
  ctx.enqueue(capture, amountRequest(order, { what, amountMinor: amount.amountMinor }))
  return { id, requestedMinor: order.requestedMinor }
}

async function refusal(ctx: CommandCtx, id: string, currency: string): Promise<Error> {
  const [order] = await orderById(ctx.tx).execute({ id })
  if (!order) return unknownOrder(id)
  if (order.currency !== currency) return wrongCurrency(id, order.currency)
  return order.state === 'cancelled' ? orderCancelledBefore(id) : captureTooMuch(id)
}
