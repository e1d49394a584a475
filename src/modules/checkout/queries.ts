import { statement } from '#platform/data/database'
import { and, eq, sql } from 'drizzle-orm'
import { cartLinesMax, type CartLine } from './cart.ts'
import { cartLines, carts } from './schema.ts'

const given = sql.placeholder

/** The cart that this token guards, whatever its state. */
const guardedCart = and(eq(carts.id, given('cartId')), eq(carts.token, given('token')))
const openCart = and(guardedCart, eq(carts.state, 'open'))
const bumped = sql`${carts.version} + 1`

/** Opens a cart. */
export const insertCart = statement('checkout_insert_cart', (db) =>
  db.insert(carts).values({
    id: given('cartId'),
    token: given('token'),
    state: 'open',
    currency: given('currency'),
    address: sql`${given('address')}::jsonb`,
    version: 1,
    lineCount: 0,
    lastPosition: 0,
    openedAt: given('openedAt'),
  }),
)

/** The cart without its lines. */
export const cartHead = statement('checkout_cart_head', (db) =>
  db
    .select({ state: carts.state, currency: carts.currency, version: carts.version, lineCount: carts.lineCount })
    .from(carts)
    .where(guardedCart),
)

/** The cart with its lines in order, in one statement. */
export const cartWithLines = statement('checkout_cart_with_lines', (db) =>
  db
    .select({
      id: carts.id,
      state: carts.state,
      currency: carts.currency,
      address: carts.address,
      version: carts.version,
      lineCount: carts.lineCount,
      orderId: carts.orderId,
      lines: sql<CartLine[]>`(
        select coalesce(json_agg(json_build_object('lineId', line.line_id, 'sku', line.sku, 'quantity', line.quantity,
          'unitPriceMinor', line.unit_price_minor) order by line.position), '[]')
        from ${cartLines} line where line.cart_id = carts.id)`,
    })
    .from(carts)
    .where(guardedCart),
)

/** Sets the address of an open cart. No row comes back where it is not open, or not there. */
export const updateAddress = statement('checkout_set_address', (db) =>
  db
    .update(carts)
    .set({ address: sql`${given('address')}::jsonb`, version: bumped })
    .where(openCart)
    .returning({ cartId: carts.id }),
)

/**
 * Adds lines behind the others, in one statement that also guards the token, the state, the currency and the limit.
 * No row comes back where one of them refuses.
 */
export const insertLines = statement('checkout_insert_lines', (db) => {
  const cart = db.$with('cart', { lineCount: sql<number>`line_count`.as('line_count') }).as(sql`
    update ${carts} set version = version + 1, line_count = line_count + ${given('added')}::int,
      last_position = last_position + ${given('added')}::int
    where id = ${given('cartId')} and token = ${given('token')} and state = 'open' and currency = ${given('currency')}
      and line_count + ${given('added')}::int <= ${sql.raw(String(cartLinesMax))}
    returning id, line_count, last_position - ${given('added')}::int as base`)
  const lines = db.$with('lines', {}).as(sql`
    insert into ${cartLines} (cart_id, position, line_id, sku, quantity, unit_price_minor)
    select cart.id, cart.base + line.position, line."lineId", line.sku, line.quantity, line."unitPriceMinor"
    from cart, json_to_recordset(${given('lines')}::json)
      as line(position int, "lineId" text, sku text, quantity bigint, "unitPriceMinor" bigint)`)
  return db.with(cart, lines).select({ lineCount: cart.lineCount }).from(cart)
})

/** Takes lines out of an open cart. No row comes back where it is not open, or not there. */
export const deleteLines = statement('checkout_delete_lines', (db) => {
  // The cart is locked first, as everywhere, so that two who change it wait for each other and do not deadlock.
  const cart = db.$with('cart', {}).as(sql`
    select id from ${carts} where id = ${given('cartId')} and token = ${given('token')} and state = 'open' for update`)
  const removed = db.$with('removed', {}).as(sql`
    delete from ${cartLines} line using cart
    where line.cart_id = cart.id and line.line_id = any(${given('lineIds')}::text[]) returning 1`)
  return db
    .with(cart, removed)
    .update(carts)
    .set({ version: bumped, lineCount: sql`${carts.lineCount} - (select count(*) from removed)` })
    .where(sql`${carts.id} = (select id from cart)`)
    .returning({ lineCount: carts.lineCount })
})

/** Claims an open cart for a saga, as it was when it was quoted. No row comes back where it is another one by now. */
export const claimOpenCart = statement('checkout_claim_cart', (db) =>
  db
    .update(carts)
    .set({ state: 'completing', completingBy: sql`${given('sagaId')}`, version: bumped })
    .where(and(openCart, eq(carts.version, given('version'))))
    .returning({ cartId: carts.id }),
)

const claimedCart = and(
  eq(carts.id, given('cartId')),
  eq(carts.completingBy, given('sagaId')),
  eq(carts.state, 'completing'),
)

/** Gives a claimed cart back. */
export const unclaimCart = statement('checkout_unclaim_cart', (db) =>
  db.update(carts).set({ state: 'open', completingBy: null, version: bumped }).where(claimedCart),
)

/** Closes a claimed cart for good. */
export const closeClaimedCart = statement('checkout_close_cart', (db) =>
  db
    .update(carts)
    .set({ state: 'completed', orderId: sql`${given('orderId')}`, version: bumped })
    .where(claimedCart)
    .returning({ cartId: carts.id }),
)
