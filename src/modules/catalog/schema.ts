/** The catalog's tables. */
import { platformTables } from '#platform/data/platform-tables'
import { sql } from 'drizzle-orm'
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  customType,
  index,
  integer,
  json,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import type { Choice, ProductView } from './product-view.ts'

export const catalogSchema = pgSchema('catalog')
export const { commands, sagas, journal, lanes, cursors, parked, jobs, rebuilds, schedules } =
  platformTables(catalogSchema)

const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' })

/** A text as `words-of.ts` takes a question apart: without accents, and with spaces for ASCII's punctuation. */
const plainOf = (column: string) =>
  sql.raw(
    `regexp_replace(regexp_replace(normalize(${column}, NFKD), '[\\u0300-\\u036f]+', '', 'g'), '[!-/:-@[-\`{-~]+', ' ', 'g')`,
  )
/** Its stems, so that `mugs` finds a mug, and its very words, so that the beginning of one does. */
const wordsOf = (column: string) =>
  sql`to_tsvector('english'::regconfig, ${plainOf(column)}) || to_tsvector('simple'::regconfig, ${plainOf(column)})`

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
    status: text('status').$type<ProductView['status']>().notNull().default('published'),
    /** Its SKUs, as words to search for. */
    skus: text('skus').notNull().default(''),
    /** As it is shown: written with every change, so that a page of products is a range of rows and nothing else. */
    view: json('view').$type<ProductView>().notNull(),
    /** Grows with every change of the product, its variants or their prices. */
    version: bigint('version', { mode: 'number' }).notNull().default(1),
    search: tsvector('search').generatedAlwaysAs(
      sql`setweight(${wordsOf('name')}, 'A')
        || setweight(to_tsvector('simple'::regconfig, ${plainOf("code || ' ' || skus")}), 'A')
        || setweight(${wordsOf("coalesce(description, '')")}, 'B')`,
    ),
  },
  (table) => [
    index('products_published')
      .on(table.position)
      .where(sql`status = 'published'`),
    index('products_search').using('gin', table.search),
    check('products_status', sql`${table.status} in ('draft', 'published')`),
    check('products_version_positive', sql`${table.version} > 0`),
    uniqueIndex('products_code').on(table.code),
    uniqueIndex('products_position').on(table.position),
    check('products_position_positive', sql`${table.position} > 0`),
  ],
)

/** What a customer can put into a cart: a product in one of its kinds, with the first of its list prices, tax included. */
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
    choices: jsonb('choices').$type<Choice[]>().notNull().default([]),
    /** Grows with every change of the row. */
    version: bigint('version', { mode: 'number' }).notNull(),
  },
  (table) => [
    index('variants_product').on(table.productId, table.position),
    check('variants_amount_not_negative', sql`${table.amountMinor} >= 0`),
    check('variants_currency_code', sql`${table.currency} ~ '^[A-Z]{3}$'`),
  ],
)

/** List prices in further currencies, besides the first one, which the variant itself holds. */
export const furtherPrices = catalogSchema.table(
  'further_prices',
  {
    sku: text('sku')
      .notNull()
      .references(() => variants.sku),
    currency: text('currency').notNull(),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sku, table.currency] }),
    check('further_prices_amount_not_negative', sql`${table.amountMinor} >= 0`),
    check('further_prices_currency_code', sql`${table.currency} ~ '^[A-Z]{3}$'`),
  ],
)

/** Where customers look for products. Categories are never taken away. */
export const categories = catalogSchema.table(
  'categories',
  {
    slug: text('slug').primaryKey(),
    name: text('name').notNull(),
    parent: text('parent').references((): AnyPgColumn => categories.slug),
  },
  (table) => [index('categories_parent').on(table.parent)],
)

export const productCategories = catalogSchema.table(
  'product_categories',
  {
    category: text('category')
      .notNull()
      .references(() => categories.slug),
    productId: text('product_id')
      .notNull()
      .references(() => products.id),
  },
  (table) => [
    primaryKey({ columns: [table.category, table.productId] }),
    index('product_categories_product').on(table.productId),
  ],
)

/** Numbers given out so far, by what they number: a row and no sequence, so that it moves with the module. */
export const counters = catalogSchema.table('counters', {
  name: text('name').primaryKey(),
  value: bigint('value', { mode: 'number' }).notNull(),
})
