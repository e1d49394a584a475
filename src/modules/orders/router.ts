import { implement } from '#platform/calls/implement'
import { contract } from './contract.ts'
import { findInvoices } from './find-invoices.ts'
import { getOrder } from './get-order.ts'
import { listOrders } from './list-orders.ts'
import { placeOrder } from './place-order.ts'

export const router = implement(contract, { place: placeOrder, get: getOrder, list: listOrders, findInvoices })
