import { platformTables } from '#platform/data/platform-tables'
import { sql } from 'drizzle-orm'
import { bigint, boolean, check, jsonb, pgSchema, primaryKey, text } from 'drizzle-orm/pg-core'

export const reportingSchema = pgSchema('reporting')
export const { commands, sagas, journal, lanes, cursors, parked, jobs, rebuilds, schedules } =
  platformTables(reportingSchema)

// A text: it sorts as days do, and takes every day that a contract lets through (a `date` knows no year 0).
const utcDay = () => text('day').notNull()

const whole = (name: string) => bigint(name, { mode: 'number' }).notNull()

/** The lines of an order, one per SKU. */
export type SoldLine = { sku: string; name: string; units: number; grossMinor: number }

/** Every order that the figures hold, so that one is never counted twice and anybody can count again. */
export const soldOrders = reportingSchema.table(
  'sold_orders',
  {
    orderId: text('order_id').primaryKey(),
    /** The UTC day of the order's own date. */
    day: utcDay(),
    currency: text('currency').notNull(),
    grossMinor: whole('gross_minor'),
    country: text('country').notNull().default('ZZ'),
    refundedMinor: whole('refunded_minor').default(0),
    /** What is taken off the products where it is cancelled. Orders of the first release were told without. */
    lines: jsonb('lines').$type<SoldLine[]>().notNull().default([]),
    isCancelled: boolean('is_cancelled').notNull().default(false),
    /** The order's version that was told last: what is told again changes nothing. */
    version: whole('version').default(1),
  },
  () => [
    check('sold_orders_day', sql`day ~ '^\\d{4}-\\d{2}-\\d{2}$'`),
    check('sold_orders_gross_minor', sql`gross_minor >= 0`),
    check('sold_orders_refunded_minor', sql`refunded_minor between 0 and gross_minor`),
  ],
)

/** The sums of `sold_orders` that were not cancelled, by day. A day whose orders were all cancelled stays, with zeros. */
export const salesByDay = reportingSchema.table(
  'sales_by_day',
  {
    day: utcDay(),
    currency: text('currency').notNull(),
    orders: whole('orders'),
    grossMinor: whole('gross_minor'),
    refundedMinor: whole('refunded_minor').default(0),
  },
  (table) => [
    primaryKey({ columns: [table.day, table.currency] }),
    check('sales_by_day_counted', sql`orders >= 0 and gross_minor >= 0`),
    check('sales_by_day_refunded', sql`refunded_minor between 0 and gross_minor`),
  ],
)

/** The sums of their lines, by day and SKU: shipping is no product. */
export const salesByProduct = reportingSchema.table(
  'sales_by_product',
  {
    currency: text('currency').notNull(),
    day: utcDay(),
    sku: text('sku').notNull(),
    /** As it was called by the order that was ordered last. */
    name: text('name').notNull(),
    namedAt: text('named_at').notNull(),
    orders: whole('orders'),
    units: whole('units'),
    grossMinor: whole('gross_minor'),
  },
  (table) => [
    primaryKey({ columns: [table.currency, table.day, table.sku] }),
    check('sales_by_product_counted', sql`orders >= 0 and units >= 0 and gross_minor >= 0`),
  ],
)

/** The sums of `sold_orders` by day and the country that the goods went to. */
export const salesByCountry = reportingSchema.table(
  'sales_by_country',
  {
    currency: text('currency').notNull(),
    day: utcDay(),
    country: text('country').notNull(),
    orders: whole('orders'),
    grossMinor: whole('gross_minor'),
  },
  (table) => [
    primaryKey({ columns: [table.currency, table.day, table.country] }),
    check('sales_by_country_counted', sql`orders >= 0 and gross_minor >= 0`),
  ],
)
