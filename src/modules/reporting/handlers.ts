import { orderCancelled, orderPlaced, orderRefunded } from '#modules/orders'
import { on } from '#platform/events/event'
import { onOrderCancelled, onOrderPlaced, onOrderRefunded } from './on-order.ts'

export const listeners = [
  on(orderPlaced, onOrderPlaced),
  on(orderCancelled, onOrderCancelled),
  on(orderRefunded, onOrderRefunded),
]
