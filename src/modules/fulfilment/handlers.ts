import { orderCancelled, orderPlaced } from '#modules/orders'
import { on } from '#platform/events/event'
import { onOrderCancelled, onOrderPlaced } from './on-order.ts'

export const listeners = [on(orderPlaced, onOrderPlaced), on(orderCancelled, onOrderCancelled)]
