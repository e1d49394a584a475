import { platformTables } from '#platform/data/platform-tables'
import type { Address } from '#platform/values'
import { sql } from 'drizzle-orm'
import { bigint, check, index, integer, jsonb, pgSchema, primaryKey, text } from 'drizzle-orm/pg-core'

export const fulfilmentSchema = pgSchema('fulfilment')
export const { commands, sagas, journal, lanes, cursors, parked, jobs, rebuilds, schedules } =
  platformTables(fulfilmentSchema)

const whole = (name: string) => bigint(name, { mode: 'number' }).notNull()

/** The ways to send goods to a country, and their flat rates, tax included: one row per currency. */
export const methods = fulfilmentSchema.table(
  'methods',
  {
    country: text('country').notNull(),
    code: text('code').notNull(),
    currency: text('currency').notNull(),
    name: text('name').notNull(),
    priceMinor: whole('price_minor'),
    position: integer('position').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.country, table.code, table.currency] }),
    check('methods_price', sql`${table.priceMinor} >= 0`),
  ],
)

/** What is to be sent for an order, once for ever: waiting, then shipped or cancelled. */
export const shipments = fulfilmentSchema.table(
  'shipments',
  {
    id: text('id').primaryKey(),
    orderId: text('order_id').notNull().unique(),
    orderNumber: whole('order_number').unique(),
    /** The order's own, under which others know it. */
    reference: text('reference').notNull(),
    state: text('state').$type<'waiting' | 'shipped' | 'cancelled'>().notNull(),
    version: whole('version'),
    address: jsonb('address').$type<Address>().notNull(),
    method: text('method'),
    lines: jsonb('lines').$type<{ sku: string; name: string; quantity: number }[]>().notNull(),
    carrier: text('carrier'),
    trackingNumber: text('tracking_number'),
    /** ISO 8601 in UTC. */
    orderedAt: text('ordered_at').notNull(),
    shippedAt: text('shipped_at'),
  },
  (table) => [
    check('shipments_state', sql`${table.state} in ('waiting', 'shipped', 'cancelled')`),
    check('shipments_shipped', sql`(${table.state} = 'shipped') = (${table.shippedAt} is not null)`),
    index('shipments_in_state').on(table.state, table.orderNumber),
  ],
)
