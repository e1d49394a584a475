import { platformTables } from '#platform/data/platform-tables'
import { sql } from 'drizzle-orm'
import { bigint, check, pgSchema, primaryKey, text } from 'drizzle-orm/pg-core'

export const reportingSchema = pgSchema('reporting')
export const { commands, sagas, journal, lanes, cursors, parked, jobs } = platformTables(reportingSchema)

// A text: it sorts as days do, and takes every day that a contract lets through (a `date` knows no year 0).
const utcDay = () => text('day').notNull()
const minorUnits = (name: string) => bigint(name, { mode: 'number' })

/** Every order that the figures hold, so that one is never counted twice and anybody can count again. */
export const soldOrders = reportingSchema.table(
  'sold_orders',
  {
    orderId: text('order_id').primaryKey(),
    /** The UTC day of the order's own date. */
    day: utcDay(),
    currency: text('currency').notNull(),
    grossMinor: minorUnits('gross_minor').notNull(),
  },
  () => [
    check('sold_orders_day', sql`day ~ '^\\d{4}-\\d{2}-\\d{2}$'`),
    check('sold_orders_gross_minor', sql`gross_minor >= 0`),
  ],
)

/** The sums of `sold_orders`. */
export const salesByDay = reportingSchema.table(
  'sales_by_day',
  {
    day: utcDay(),
    currency: text('currency').notNull(),
    orders: bigint('orders', { mode: 'number' }).notNull(),
    grossMinor: minorUnits('gross_minor').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.day, table.currency] }),
    check('sales_by_day_counted', sql`orders > 0 and gross_minor >= 0`),
  ],
)
