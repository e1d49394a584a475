/**
 * Placing an order: one statement, whatever the number of lines.
 *
 * What must be unique for ever is decided by constraints: an order per reference and one per external invoice. Asking
 * again under the same reference is answered as before, also when the command's record has expired.
 */
import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { constraintOf } from '#platform/data/database'
import { inProgress, keyReused } from '#platform/errors'
import type { contract } from './contract.ts'
import { invoiceExists } from './errors.ts'
import { orderPaid, orderPlaced } from './events.ts'
import { statesWhenPlaced } from './order-state.ts'
import { insertOrder, orderByReference } from './queries.ts'

type Place = (typeof contract)['operations']['place']
type PlaceOrder = InputOf<Place>

export async function placeOrder(ctx: CommandCtx, input: PlaceOrder): Promise<AnswerOf<Place>> {
  const now = ctx.now()
  const states = statesWhenPlaced(input.grossMinor)
  const row = rowOf(input, { id: ctx.newId('ord'), token: ctx.newId('tok'), now, states })
  const [placed] = await insertOrder(ctx.tx)
    .execute(row)
    .catch((error: unknown) => {
      throw refusalOf(error, input)
    })
  if (!placed) return placedBefore(ctx, input)
  const { reference, currency, grossMinor } = input
  const fact = {
    orderId: placed.id,
    version: 1,
    reference,
    number: placed.number,
    orderedAt: row.orderedAt,
    currency,
    country: row.country,
    grossMinor,
    lineCount: row.lineCount,
  }
  ctx.announce(orderPlaced, fact)
  if (states.includes('paid')) ctx.announce(orderPaid, { orderId: placed.id, version: states.length, reference })
  return { orderId: placed.id, orderNumber: placed.number, orderToken: placed.token }
}

type Made = { id: string; token: string; now: string; states: ReturnType<typeof statesWhenPlaced> }

const rowOf = (input: PlaceOrder, { id, token, now, states }: Made) => ({
  id,
  token,
  reference: input.reference,
  state: states.at(-1),
  // Each state that the order has gone through is a version of it.
  version: states.length,
  currency: input.currency,
  country: input.address.country,
  address: JSON.stringify(input.address),
  customer: input.customer ?? null,
  externalInvoice: input.externalInvoice ?? null,
  orderedAt: input.orderedAt ?? now,
  placedAt: now,
  grossMinor: input.grossMinor,
  taxMinor: input.taxMinor,
  lineCount: input.lines.length,
  lines: JSON.stringify(input.lines.map((line, index) => ({ position: index + 1, ...line }))),
})

async function placedBefore(ctx: CommandCtx, input: PlaceOrder): Promise<AnswerOf<Place>> {
  const [order] = await orderByReference(ctx.tx).execute({ reference: input.reference })
  // It was there a moment ago, and orders are not removed.
  if (!order) throw new Error(`The order of reference ${input.reference} has gone.`)
  const same =
    order.grossMinor === input.grossMinor &&
    order.currency === input.currency &&
    order.lineCount === input.lines.length &&
    order.externalInvoice === (input.externalInvoice ?? null)
  if (!same) throw keyReused()
  return { orderId: order.id, orderNumber: order.number, orderToken: order.token }
}

function refusalOf(error: unknown, { externalInvoice = '' }: PlaceOrder): unknown {
  const constraint = constraintOf(error)
  if (constraint === 'orders_external_invoice_unique') return invoiceExists(externalInvoice)
  // Two at once under one reference and different keys: the other one has it, and asking again is answered.
  if (constraint === 'orders_reference_unique') return inProgress()
  return error
}
