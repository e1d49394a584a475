import { anyone, command, defineContract, internal, query, type RouterOf, staff } from '#platform/contract'
import {
  address,
  amountMinor,
  currency,
  id,
  instant,
  integer,
  money,
  pageOf,
  pageRequest,
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

export const orderState = z.enum(['placed', 'paid'])

const summary = z.strictObject({
  id: id('ord'),
  number: z.int(),
  state: orderState,
  total: money,
  lineCount: z.int(),
  country: z.string(),
  customer: z.string().nullable(),
  externalInvoice: z.string().nullable(),
  /** When it was ordered, by the customer's clock or the import's file. */
  orderedAt: z.string(),
})

const orderView = summary.extend({ address, lines: z.array(line), taxMinor: z.int() })

export const contract = defineContract('orders', {
  /** Places an order. One order per reference, and one per external invoice, for ever. */
  place: command({
    access: internal,
    input: z.strictObject({
      reference: text({ max: 100 }),
      currency,
      address,
      lines: z.array(line).min(1).max(1000),
      grossMinor: amountMinor,
      taxMinor: amountMinor,
      orderedAt: instant.optional(),
      externalInvoice: text({ max: 50 }).optional(),
      customer: text({ max: 100 }).optional(),
    }),
    output: z.strictObject({ orderId: id('ord'), orderNumber: z.int(), orderToken: id('tok') }),
    reasons: ['orders.invoice_exists'],
  }),
  /** An order, for whoever holds its token or the permission `orders:read`. */
  get: query({
    access: anyone,
    input: z.strictObject({ id: id('ord'), token: id('tok').optional() }),
    output: orderView,
    reasons: ['orders.unknown_order'],
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
})
export type OrdersRouter = RouterOf<typeof contract>
