/** The pricing's tables. */
import { platformTables } from '#platform/data/platform-tables'
import { sql } from 'drizzle-orm'
import { bigint, check, integer, pgSchema, text } from 'drizzle-orm/pg-core'

export const pricingSchema = pgSchema('pricing')
export const { commands, sagas, journal, lanes, cursors, parked, jobs, rebuilds, schedules } =
  platformTables(pricingSchema)

/** The standard tax rate of each country that is taxed, in basis points: 2000 is 20 %. */
export const taxRates = pricingSchema.table(
  'tax_rates',
  {
    country: text('country').primaryKey(),
    basisPoints: integer('basis_points').notNull(),
    /** Grows with every change of the row. */
    version: bigint('version', { mode: 'number' }).notNull(),
  },
  (table) => [
    check('tax_rates_country_code', sql`${table.country} ~ '^[A-Z]{2}$'`),
    check('tax_rates_basis_points_range', sql`${table.basisPoints} between 0 and 10000`),
  ],
)
