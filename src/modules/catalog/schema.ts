/** The catalog's tables. */
import { platformTables } from '#platform/data/platform-tables'
import { sql } from 'drizzle-orm'
import { bigint, boolean, check, index, integer, pgSchema, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core'

export const catalogSchema = pgSchema('catalog')
export const { commands, sagas, journal, lanes, cursors, parked, jobs } = platformTables(catalogSchema)

/** What is sold, under a code of its own. `position` is its place in the order of all imports. */
export const products = catalogSchema.table(
  'products',
  {
    id: text('id').primaryKey(),
    code: text('code').notNull(),
    name: text('name').notNull(),
    description: text('description'),
    position: bigint('position', { mode: 'number' }).notNull(),
    importedAt: timestamp('imported_at', { withTimezone: true, precision: 3, mode: 'string' }).notNull(),
  },
  (table) => [
    uniqueIndex('products_code').on(table.code),
    uniqueIndex('products_position').on(table.position),
    check('products_position_positive', sql`${table.position} > 0`),
  ],
)

/** What a customer can put into a cart: a product in one of its kinds, with its list price, tax included. */
export const variants = catalogSchema.table(
  'variants',
  {
    sku: text('sku').primaryKey(),
    productId: text('product_id')
      .notNull()
      .references(() => products.id),
    /** Its place among its sisters. */
    position: integer('position').notNull(),
    title: text('title'),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    currency: text('currency').notNull(),
    stocked: boolean('stocked').notNull(),
    /** Grows with every change of the row. */
    version: bigint('version', { mode: 'number' }).notNull(),
  },
  (table) => [
    index('variants_product').on(table.productId, table.position),
    check('variants_amount_not_negative', sql`${table.amountMinor} >= 0`),
    check('variants_currency_code', sql`${table.currency} ~ '^[A-Z]{3}$'`),
  ],
)

/** Numbers given out so far, by what they number: a row and no sequence, so that it moves with the module. */
export const counters = catalogSchema.table('counters', {
  name: text('name').primaryKey(),
  value: bigint('value', { mode: 'number' }).notNull(),
})
