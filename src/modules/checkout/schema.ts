import { platformTables } from '#platform/data/platform-tables'
import type { Address } from '#platform/values'
import { sql } from 'drizzle-orm'
import { type AnyPgColumn, bigint, check, index, integer, jsonb, pgSchema, primaryKey, text } from 'drizzle-orm/pg-core'

export const checkoutSchema = pgSchema('checkout')
export const { commands, sagas, journal, lanes, cursors, parked, jobs, rebuilds, schedules } =
  platformTables(checkoutSchema)

const whole = (name: string) => bigint(name, { mode: 'number' })

/**
 * A cart: open until a saga claims it, open again where that saga is undone. A guest's cart whose lines joined those of a
 * customer's cart is merged, and opens no more.
 */
export const carts = checkoutSchema.table(
  'carts',
  {
    id: text('id').primaryKey(),
    /** Opens the cart to whoever shows it. */
    token: text('token').notNull(),
    /** The token that a guest's cart had before it became its customer's: it opens nothing, and tells a repeated merge. */
    tokenBefore: text('token_before'),
    /** The account whose cart it is; a guest's has none. */
    customer: text('customer'),
    state: text('state').$type<'open' | 'completing' | 'completed' | 'merged'>().notNull(),
    currency: text('currency').notNull(),
    address: jsonb('address').$type<Address>(),
    /** The shipping method chosen, and the country that it was chosen for. */
    shippingMethod: text('shipping_method'),
    shippingCountry: text('shipping_country'),
    /** Under which reference inventory keeps its stock, and until when: ISO 8601 in UTC, by the database's clock. */
    holdReference: text('hold_reference'),
    heldUntil: text('held_until'),
    /** Bumped by every change, so that a quote knows whether it still is of this cart. */
    version: whole('version').notNull(),
    lineCount: integer('line_count').notNull(),
    /** The position of the line added last; positions are not used again. */
    lastPosition: integer('last_position').notNull(),
    /** The saga that has claimed the cart. */
    completingBy: text('completing_by'),
    orderId: text('order_id'),
    /** The customer's cart that its lines went to. */
    mergedInto: text('merged_into').references((): AnyPgColumn => carts.id),
    /** ISO 8601 in UTC. */
    openedAt: text('opened_at').notNull(),
    /** When its customer changed it last. ISO 8601 in UTC; an earlier release did not keep it. */
    changedAt: text('changed_at').notNull().default('1970-01-01T00:00:00.000Z'),
  },
  (table) => [
    check('carts_state', sql`${table.state} in ('open', 'completing', 'completed', 'merged')`),
    check('carts_line_count', sql`${table.lineCount} between 0 and 1000`),
    check('carts_claim', sql`(${table.state} in ('open', 'merged')) = (${table.completingBy} is null)`),
    check('carts_order', sql`(${table.state} = 'completed') = (${table.orderId} is not null)`),
    check('carts_merged', sql`(${table.state} = 'merged') = (${table.mergedInto} is not null)`),
    check('carts_shipping', sql`(${table.shippingMethod} is null) = (${table.shippingCountry} is null)`),
    check('carts_hold', sql`(${table.holdReference} is null) = (${table.heldUntil} is null)`),
    // When it was changed is not in the index, so that a change of the cart need not touch it.
    index('carts_customer')
      .on(table.customer)
      .where(sql`state = 'open' and customer is not null`),
  ],
)

/** The lines of a cart. Without an agreed price a line costs what the catalog says on the day. */
export const cartLines = checkoutSchema.table(
  'cart_lines',
  {
    cartId: text('cart_id')
      .notNull()
      .references(() => carts.id),
    position: integer('position').notNull(),
    lineId: text('line_id').notNull(),
    sku: text('sku').notNull(),
    quantity: whole('quantity').notNull(),
    /** The agreed price per unit, tax included, in the cart's currency. */
    unitPriceMinor: whole('unit_price_minor'),
  },
  (table) => [
    primaryKey({ columns: [table.cartId, table.position] }),
    check('cart_lines_quantity', sql`${table.quantity} > 0`),
    check('cart_lines_price', sql`${table.unitPriceMinor} >= 0`),
  ],
)
