import { platformTables } from '#platform/data/platform-tables'
import type { Address } from '#platform/values'
import { sql } from 'drizzle-orm'
import { bigint, check, integer, jsonb, pgSchema, primaryKey, text } from 'drizzle-orm/pg-core'

export const checkoutSchema = pgSchema('checkout')
export const { commands, sagas, journal, lanes, cursors, parked, jobs } = platformTables(checkoutSchema)

const whole = (name: string) => bigint(name, { mode: 'number' })

/** A cart: open until a saga claims it, open again where that saga is undone. */
export const carts = checkoutSchema.table(
  'carts',
  {
    id: text('id').primaryKey(),
    /** Guards a guest's cart. */
    token: text('token').notNull(),
    state: text('state').$type<'open' | 'completing' | 'completed'>().notNull(),
    currency: text('currency').notNull(),
    address: jsonb('address').$type<Address>(),
    /** Bumped by every change, so that a quote knows whether it still is of this cart. */
    version: whole('version').notNull(),
    lineCount: integer('line_count').notNull(),
    /** The position of the line added last; positions are not used again. */
    lastPosition: integer('last_position').notNull(),
    /** The saga that has claimed the cart. */
    completingBy: text('completing_by'),
    orderId: text('order_id'),
    /** ISO 8601 in UTC. */
    openedAt: text('opened_at').notNull(),
  },
  (table) => [
    check('carts_state', sql`${table.state} in ('open', 'completing', 'completed')`),
    check('carts_line_count', sql`${table.lineCount} between 0 and 1000`),
    check('carts_claim', sql`(${table.state} = 'open') = (${table.completingBy} is null)`),
    check('carts_order', sql`(${table.state} = 'completed') = (${table.orderId} is not null)`),
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
