import { orderPlaced } from '#modules/orders'
import { on } from '#platform/events/event'
import { onOrderPlaced } from './on-order-placed.ts'

export const listeners = [on(orderPlaced, onOrderPlaced)]
