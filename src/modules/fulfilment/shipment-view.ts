import type { AnswerOf } from '#platform/contract'
import type { contract } from './contract.ts'
import type { shipments } from './schema.ts'

export type Shipment = AnswerOf<(typeof contract)['operations']['ship']>
export type ShipmentRow = typeof shipments.$inferSelect

/** What may be told of a shipment. */
export const shipmentView = (row: ShipmentRow): Shipment => ({
  id: row.id,
  orderId: row.orderId,
  orderNumber: row.orderNumber,
  state: row.state,
  address: row.address,
  method: row.method,
  lines: row.lines,
  carrier: row.carrier,
  trackingNumber: row.trackingNumber,
  shippedAt: row.shippedAt,
})
