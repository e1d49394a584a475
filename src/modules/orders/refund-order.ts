import { refund } from '#modules/payments'
import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { requestRefund } from './change-queries.ts'
import type { contract } from './contract.ts'
import { refundTooMuch, unknownOrder, wrongCurrency } from './errors.ts'
import { amountRequest } from './payment-requests.ts'
import { orderById } from './queries.ts'

type Refund = (typeof contract)['operations']['refund']

export async function refundOrder(ctx: CommandCtx, { id, amount, reason }: InputOf<Refund>): Promise<AnswerOf<Refund>> {
  const [order] = await requestRefund(ctx.tx).execute({ id, ...amount, note: reason, at: ctx.now() })
  if (!order) throw await refusal(ctx, id, amount.currency)
  const what = `refund:${order.version}`
  ctx.enqueue(refund, amountRequest(order, { what, amountMinor: amount.amountMinor }))
  return { id, requestedMinor: order.requestedMinor }
}

async function refusal(ctx: CommandCtx, id: string, currency: string): Promise<Error> {
  const [order] = await orderById(ctx.tx).execute({ id })
  if (!order) return unknownOrder(id)
  return order.currency === currency ? refundTooMuch(id) : wrongCurrency(id, order.currency)
}
