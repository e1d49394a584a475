import { platformTables } from '#platform/data/platform-tables'
import type { Address } from '#platform/values'
import { sql } from 'drizzle-orm'
import { bigint, check, index, integer, jsonb, pgSchema, primaryKey, text } from 'drizzle-orm/pg-core'
import type { Shipping } from './contract.ts'
import type { OrderState } from './order-state.ts'

export const ordersSchema = pgSchema('orders')
export const { commands, sagas, journal, lanes, cursors, parked, jobs, rebuilds, schedules } =
  platformTables(ordersSchema)

const whole = (name: string) => bigint(name, { mode: 'number' }).notNull()
const counted = (name: string) => whole(name).default(0)

/** An order as it was placed. Amounts in minor units, tax included; instants as ISO 8601 text. */
export const orders = ordersSchema.table(
  'orders',
  {
    id: text('id').primaryKey(),
    number: whole('number').unique(),
    /** What placed it, such as the saga of a checkout: one order per reference, for ever. */
    reference: text('reference').notNull().unique(),
    /** Guards a guest's order. */
    token: text('token').notNull(),
    state: text('state').$type<OrderState>().notNull(),
    /** Orders the events of this order. */
    version: whole('version'),
    currency: text('currency').notNull(),
    country: text('country').notNull(),
    address: jsonb('address').$type<Address>().notNull(),
    customer: text('customer'),
    externalInvoice: text('external_invoice').unique(),
    orderedAt: text('ordered_at').notNull(),
    placedAt: text('placed_at').notNull(),
    grossMinor: whole('gross_minor'),
    taxMinor: whole('tax_minor'),
    lineCount: integer('line_count').notNull(),
    shipping: jsonb('shipping').$type<Shipping>(),
    carrier: text('carrier'),
    trackingNumber: text('tracking_number'),
    capturedMinor: counted('captured_minor'),
    refundedMinor: counted('refunded_minor'),
    /** What payments was asked to capture and to give back so far: what it has not done yet is promised already. */
    captureRequestedMinor: counted('capture_requested_minor'),
    refundRequestedMinor: counted('refund_requested_minor'),
    /** The version of the payment that was heard of last: what is told again counts once. */
    paymentVersion: counted('payment_version'),
  },
  (table) => [
    check('orders_state', sql`${table.state} in ('placed', 'paid', 'shipping', 'shipped', 'cancelled')`),
    check('orders_version', sql`${table.version} >= 1`),
    check('orders_captured', sql`${table.capturedMinor} between 0 and ${table.grossMinor}`),
    check('orders_refunded', sql`${table.refundedMinor} between 0 and ${table.capturedMinor}`),
    check(
      'orders_capture_requested',
      sql`${table.captureRequestedMinor} between ${table.capturedMinor} and ${table.grossMinor}`,
    ),
    check('orders_refund_requested', sql`${table.refundRequestedMinor} between 0 and ${table.capturedMinor}`),
    check('orders_amounts', sql`${table.taxMinor} between 0 and ${table.grossMinor}`),
    check('orders_line_count', sql`${table.lineCount} between 1 and 1000`),
    index('orders_customer')
      .on(table.customer, table.number)
      .where(sql`customer is not null`),
  ],
)

/** The lines of an order: a snapshot of what was bought, whatever becomes of the product. */
export const orderLines = ordersSchema.table(
  'order_lines',
  {
    orderId: text('order_id')
      .notNull()
      .references(() => orders.id),
    position: integer('position').notNull(),
    lineId: text('line_id').notNull(),
    sku: text('sku').notNull(),
    name: text('name').notNull(),
    quantity: whole('quantity'),
    unitPriceMinor: whole('unit_price_minor'),
    grossMinor: whole('gross_minor'),
    netMinor: whole('net_minor'),
    taxMinor: whole('tax_minor'),
  },
  (table) => [
    primaryKey({ columns: [table.orderId, table.position] }),
    check('order_lines_quantity', sql`${table.quantity} > 0`),
    check(
      'order_lines_amounts',
      sql`${table.netMinor} >= 0 and ${table.taxMinor} >= 0 and ${table.grossMinor} = ${table.netMinor} + ${table.taxMinor}`,
    ),
  ],
)

/** What happened to an order: a row for each of its versions that somebody may want to read about. */
export const orderHistory = ordersSchema.table(
  'order_history',
  {
    orderId: text('order_id')
      .notNull()
      .references(() => orders.id),
    /** The order's version that came of it. */
    version: whole('version'),
    /** A state that it reached; or something about its money, with the amount. */
    what: text('what').$type<HistoryEntry>().notNull(),
    amountMinor: bigint('amount_minor', { mode: 'number' }),
    /** Why, in the words of whoever asked for it. */
    note: text('note'),
    at: text('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.orderId, table.version] }),
    check(
      'order_history_amount',
      sql`(${table.what} in ('capture_requested', 'captured', 'capture_refused', 'refund_requested', 'refunded', 'refund_refused')) = (${table.amountMinor} is not null)`,
    ),
  ],
)

export type HistoryEntry =
  | OrderState
  | 'capture_requested'
  | 'captured'
  | 'capture_refused'
  | 'refund_requested'
  | 'refunded'
  | 'refund_refused'

/** Counters are rows, not sequences: they move with the module. `order_number` holds the last number given. */
export const counters = ordersSchema.table('counters', {
  name: text('name').primaryKey(),
  value: whole('value'),
})
