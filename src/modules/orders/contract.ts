import { anyone, command, customer, defineContract, internal, query, type RouterOf, staff } from '#platform/contract'
import {
  address,
  amountMinor,
  amountMinorMax,
  currency,
  id,
  instant,
  integer,
  money,
  pageOf,
  pageRequest,
  slug,
  text,
} from '#platform/values'
import { z } from 'zod'

/** A line as it was bought: a snapshot, whatever becomes of the product. Amounts in minor units, tax included. */
const line = z.strictObject({
  lineId: id('lin'),
  sku: text({ max: 64 }),
  name: text({ max: 300 }),
  quantity: integer(1, 1_000_000),
  unitPriceMinor: amountMinor,
  grossMinor: amountMinor,
  netMinor: amountMinor,
  taxMinor: amountMinor,
})

/**
 * placed → paid → shipping → shipped; placed and paid → cancelled. Where money is captured on shipping, a placed order
 * goes on to shipping, and `capturedMinor` tells what is paid.
 */
export const orderState = z.enum(['placed', 'paid', 'shipping', 'shipped', 'cancelled'])

const summary = z.strictObject({
  id: id('ord'),
  number: z.int(),
  state: orderState,
  total: money,
  /** Of the total: what was captured so far, and what was given back of that. */
  capturedMinor: z.int(),
  refundedMinor: z.int(),
  lineCount: z.int(),
  country: z.string(),
  customer: z.string().nullable(),
  externalInvoice: z.string().nullable(),
  /** When it was ordered, by the customer's clock or the import's file. */
  orderedAt: z.string(),
})

/** How it is sent and what that costs, tax included: a part of the total. */
const shipping = z.strictObject({
  method: slug,
  name: text({ max: 100 }),
  grossMinor: amountMinor,
  netMinor: amountMinor,
  taxMinor: amountMinor,
})
export type Shipping = z.infer<typeof shipping>

/** Some money: nothing at all is nobody's wish. */
const someMoney = money.extend({ amountMinor: integer(1, amountMinorMax) })

const orderView = summary.extend({
  address,
  lines: z.array(line),
  shipping: shipping.nullable(),
  taxMinor: z.int(),
  carrier: z.string().nullable(),
  trackingNumber: z.string().nullable(),
  /**
   * What happened to it, oldest first: a state, or `capture_requested`, `captured`, `capture_refused` (by the payment
   * provider), `refund_requested`, `refunded`, `refund_refused` with an amount. `note` is why, in the words of whoever
   * asked for it; it is told to staff only.
   */
  history: z.array(
    z.strictObject({
      what: z.string(),
      at: z.string(),
      amountMinor: z.int().nullable(),
      note: z.string().nullable(),
    }),
  ),
})

/** A guest shows the order's token; its customer, and staff, need none. */
const orderRef = z.strictObject({ id: id('ord'), token: id('tok').optional() })

export const contract = defineContract('orders', {
  /** Places an order. One order per reference, and one per external invoice, for ever. */
  place: command({
    access: internal,
    input: z.strictObject({
      reference: text({ max: 100 }),
      currency,
      address,
      lines: z.array(line).min(1).max(1000),
      shipping: shipping.optional(),
      /** The SKUs among the lines that are not goods to be sent, such as services. */
      unstockedSkus: z
        .array(text({ max: 64 }))
        .max(1000)
        .optional(),
      grossMinor: amountMinor,
      taxMinor: amountMinor,
      orderedAt: instant.optional(),
      externalInvoice: text({ max: 50 }).optional(),
      customer: text({ max: 100 }).optional(),
    }),
    output: z.strictObject({ orderId: id('ord'), orderNumber: z.int(), orderToken: id('tok') }),
    reasons: ['orders.invoice_exists'],
  }),
  /** An order with its history, for whoever holds its token, its customer, or the permission `orders:read`. */
  get: query({
    access: anyone,
    input: orderRef,
    output: orderView,
    reasons: ['orders.unknown_order'],
  }),
  /** The orders of the customer who is signed in, newest first, a page at a time. */
  mine: query({
    access: customer,
    input: z.strictObject({ ...pageRequest, state: orderState.optional() }),
    output: pageOf(summary),
    reasons: ['orders.bad_cursor'],
  }),
  /** Orders, newest number first, a page at a time. */
  list: query({
    access: staff('orders:read'),
    input: z.strictObject({ ...pageRequest, customer: text({ max: 100 }).optional(), state: orderState.optional() }),
    output: pageOf(summary),
    reasons: ['orders.bad_cursor'],
  }),
  /** The orders of these external invoices. Invoices without an order are missing from the answer. */
  findInvoices: query({
    access: staff('orders:read'),
    input: z.strictObject({
      externalInvoices: z
        .array(text({ max: 50 }))
        .min(1)
        .max(1000),
    }),
    output: z.strictObject({ orders: z.array(summary) }),
  }),
  /**
   * Cancels an order that has not begun to ship: its stock is free again, its money is given back. For whoever holds its
   * token, its customer, or the permission `orders:cancel`. Repeating the call is harmless.
   */
  cancel: command({
    access: anyone,
    audited: true,
    input: orderRef.extend({ reason: text({ max: 500 }).optional() }),
    output: z.strictObject({ id: id('ord'), state: orderState }),
    reasons: ['orders.unknown_order', 'orders.already_shipped'],
  }),
  /** Captures a part of an order's authorised money now, such as for goods that were handed over. At most what is left. */
  capture: command({
    access: staff('orders:capture'),
    input: z.strictObject({ id: id('ord'), amount: someMoney }),
    output: z.strictObject({ id: id('ord'), requestedMinor: z.int() }),
    reasons: ['orders.unknown_order', 'orders.cancelled', 'orders.wrong_currency', 'orders.capture_too_much'],
  }),
  /** Gives captured money back, all or a part: it is asked of payments, and shown in the history once it is done. */
  refund: command({
    access: staff('orders:refund'),
    input: z.strictObject({ id: id('ord'), amount: someMoney, reason: text({ max: 500 }) }),
    output: z.strictObject({ id: id('ord'), requestedMinor: z.int() }),
    reasons: ['orders.unknown_order', 'orders.wrong_currency', 'orders.refund_too_much'],
  }),
  /**
   * Decides between cancel and ship, by one conditional statement: from here on the order can no longer be cancelled.
   * Repeating the call is harmless.
   */
  beginShipping: command({
    access: internal,
    input: z.strictObject({ orderId: id('ord') }),
    output: z.strictObject({ orderId: id('ord'), reference: z.string() }),
    reasons: ['orders.unknown_order', 'orders.cancelled', 'orders.not_paid'],
  }),
})
export type OrdersRouter = RouterOf<typeof contract>
