import { cancel } from '#modules/payments'
import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { cancelOrder } from './change-queries.ts'
import type { contract } from './contract.ts'
import { alreadyShipped, unknownOrder } from './errors.ts'
import { orderCancelled } from './events.ts'
import { maySee } from './may-see.ts'
import { statesBefore } from './order-state.ts'
import { dayOf, requestNamed } from './payment-requests.ts'
import { orderById } from './queries.ts'

type Cancel = (typeof contract)['operations']['cancel']

export async function cancelOrderById(
  ctx: CommandCtx,
  { id, token, reason }: InputOf<Cancel>,
): Promise<AnswerOf<Cancel>> {
  const [order] = await orderById(ctx.tx).execute({ id })
  if (!order || !maySee(order, { actor: ctx.actor, token, permission: 'orders:cancel' })) throw unknownOrder(id)
  const wanted = { id, from: statesBefore('cancelled'), note: reason ?? null, at: ctx.now() }
  // Whose it is never changes; whether it has begun to ship is decided here, whatever it was a moment ago.
  const [cancelled] = await cancelOrder(ctx.tx).execute(wanted)
  if (!cancelled) return cancelledBefore(ctx, id)
  ctx.announce(orderCancelled, cancelled)
  const { reference, grossMinor, orderedAt } = cancelled
  // What cost nothing has no payment.
  if (grossMinor > 0)
    ctx.enqueue(cancel, { reference, request: requestNamed(id, 'cancelled'), valueDay: dayOf(orderedAt) })
  return { id, state: 'cancelled' }
}

async function cancelledBefore(ctx: CommandCtx, id: string): Promise<AnswerOf<Cancel>> {
  const [order] = await orderById(ctx.tx).execute({ id })
  if (order?.state !== 'cancelled') throw alreadyShipped(id)
  return { id, state: 'cancelled' }
}
