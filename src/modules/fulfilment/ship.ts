/**
 * Sending an order's goods. Orders decides whether they may leave, by one conditional statement that is the pivot: from
 * then on the order cannot be cancelled, and the shipment is sent however often it takes. Two people who ship the same
 * order at once are answered the same; the carrier is that of whoever came first.
 */
import type { LocalCtx, SagaCtx } from '#platform/calls/context'
import type { InputOf } from '#platform/contract'
import { sagaOf } from '#platform/saga/saga'
import type { Fulfilment } from './calls.ts'
import type { contract } from './contract.ts'
import { unknownShipment } from './errors.ts'
import { shipped } from './events.ts'
import { sendShipment, shipmentOfOrder } from './queries.ts'
import { type Shipment, type ShipmentRow, shipmentView } from './shipment-view.ts'

type Ship = InputOf<(typeof contract)['operations']['ship']>
type Results = { find: null; begin: null; send: Shipment }

const { ask, pivot, local, define } = sagaOf<Fulfilment, Ship, Results>()

const orderOf = ({ input: { orderId } }: { input: Ship }) => ({ orderId })

export const ship = define<Shipment>({
  steps: [
    // What is not known here must not begin to ship there: nobody would send it.
    ask('find', { request: orderOf, do: assertKnown }),
    pivot('begin', {
      request: orderOf,
      do: async ({ calls }, order) => {
        await calls.orders.beginShipping.mutate(order)
        return null
      },
    }),
    local('send', { do: (ctx, { input }) => send(ctx, input) }),
  ],
  answer: ({ done }) => done.send,
})

async function assertKnown(ctx: SagaCtx<Fulfilment>, { orderId }: Pick<Ship, 'orderId'>): Promise<null> {
  const [shipment] = await shipmentOfOrder(ctx.db).execute({ orderId })
  if (!shipment) throw unknownShipment(orderId)
  return null
}

async function send(ctx: LocalCtx, wanted: Ship): Promise<Shipment> {
  const { orderId, carrier = null, trackingNumber = null } = wanted
  const [sent] = await sendShipment(ctx.tx).execute({ orderId, carrier, trackingNumber, at: ctx.now() })
  if (sent) {
    announceShipped(ctx, sent)
    return shipmentView(sent)
  }
  const [before] = await shipmentOfOrder(ctx.tx).execute({ orderId })
  if (before?.state !== 'shipped') throw new Error(`Order ${orderId} ships, but its shipment is ${before?.state}.`)
  return shipmentView(before)
}

function announceShipped(ctx: LocalCtx, row: ShipmentRow): void {
  const { id: shipmentId, version, orderId, reference, carrier, trackingNumber } = row
  ctx.announce(shipped, {
    shipmentId,
    version,
    orderId,
    reference,
    carrier,
    trackingNumber,
    shippedAt: row.shippedAt!,
  })
}
