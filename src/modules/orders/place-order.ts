/**
 * Placing an order: one statement, whatever the number of lines.
 *
 * What must be unique for ever is decided by constraints: an order per reference and one per external invoice. Asking
 * again under the same reference is answered as before, also when the command's record has expired.
 */
import { capture } from '#modules/payments'
import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { constraintOf } from '#platform/data/database'
import { inProgress, keyReused } from '#platform/errors'
import type { contract } from './contract.ts'
import { invoiceExists } from './errors.ts'
import { orderPaid, orderPlaced } from './events.ts'
import { capturedOnPlacing, type CaptureOn, statesWhenPlaced } from './order-state.ts'
import { dayOf, requestNamed } from './payment-requests.ts'
import { insertOrder, orderByReference } from './queries.ts'

type Place = (typeof contract)['operations']['place']
type PlaceOrder = InputOf<Place>
type Placed = AnswerOf<Place>

export const placeOrder =
  (captureOn: CaptureOn) =>
  async (ctx: CommandCtx, input: PlaceOrder): Promise<Placed> => {
    const now = ctx.now()
    const { reference, currency } = input
    const lines = linesOf(input)
    const hasGoods = lines.some(({ stocked }) => stocked)
    const captureMinor = capturedOnPlacing({ grossMinor: input.grossMinor, hasGoods }, captureOn)
    const row = rowOf(input, { id: ctx.newId('ord'), token: ctx.newId('tok'), now, captureMinor })
    const [placed] = await insertOrder(ctx.tx)
      .execute(row)
      .catch((error: unknown) => {
        throw refusalOf(error, input)
      })
    if (!placed) return placedBefore(ctx, input)
    const orderId = placed.id
    ctx.announce(orderPlaced, factOf(input, { orderId, number: placed.number, orderedAt: row.orderedAt, lines }))
    if (row.states.includes('paid')) ctx.announce(orderPaid, { orderId, version: row.version, reference })
    if (captureMinor > 0) {
      const request = requestNamed(orderId, 'placed')
      const valueDay = dayOf(row.orderedAt)
      ctx.enqueue(capture, { reference, request, amountMinor: captureMinor, currency, valueDay })
    }
    return { orderId, orderNumber: placed.number, orderToken: placed.token }
  }

type FactLine = { sku: string; name: string; quantity: number; grossMinor: number; stocked: boolean }

function linesOf({ lines, unstockedSkus = [] }: PlaceOrder): FactLine[] {
  const unstocked = new Set(unstockedSkus)
  return lines.map(({ sku, name, quantity, grossMinor }) => ({
    sku,
    name,
    quantity,
    grossMinor,
    stocked: !unstocked.has(sku),
  }))
}

const factOf = (
  { reference, currency, address, shipping, grossMinor }: PlaceOrder,
  placed: { orderId: string; number: number; orderedAt: string; lines: FactLine[] },
) => ({
  ...placed,
  version: 1,
  reference,
  currency,
  country: address.country,
  grossMinor,
  lineCount: placed.lines.length,
  address,
  ...(shipping && { shipping: { method: shipping.method, grossMinor: shipping.grossMinor } }),
})

type Made = { id: string; token: string; now: string; captureMinor: number }

function rowOf(input: PlaceOrder, { id, token, now, captureMinor }: Made) {
  const states = statesWhenPlaced(input.grossMinor)
  return {
    id,
    token,
    reference: input.reference,
    state: states.at(-1),
    states,
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
    captureMinor,
    shipping: input.shipping ? JSON.stringify(input.shipping) : null,
    lineCount: input.lines.length,
    lines: JSON.stringify(input.lines.map((line, index) => ({ position: index + 1, ...line }))),
  }
}

async function placedBefore(ctx: CommandCtx, input: PlaceOrder): Promise<Placed> {
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
