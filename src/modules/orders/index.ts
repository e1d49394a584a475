// src/modules/orders/index.ts: all that other modules may know about orders.
export { contract, type OrdersRouter } from './contract.ts'
export { audited, orderCancelled, orderPaid, orderPlaced, orderRefunded, orderShipped } from './events.ts'
