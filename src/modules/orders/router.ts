import { implement, type ModuleRouter } from '#platform/calls/implement'
import { beginShipping } from './begin-shipping.ts'
import { cancelOrderById } from './cancel-order.ts'
import { captureOrder } from './capture-order.ts'
import { contract } from './contract.ts'
import { findInvoices } from './find-invoices.ts'
import { getOrder } from './get-order.ts'
import { listMyOrders, listOrders } from './list-orders.ts'
import type { CaptureOn } from './order-state.ts'
import { placeOrder } from './place-order.ts'
import { refundOrder } from './refund-order.ts'

export const createRouter = (captureOn: CaptureOn): ModuleRouter =>
  implement(contract, {
    place: placeOrder(captureOn),
    get: getOrder,
    mine: listMyOrders,
    list: listOrders,
    findInvoices,
    cancel: cancelOrderById,
    capture: captureOrder,
    refund: refundOrder,
    beginShipping: beginShipping(captureOn),
  })
