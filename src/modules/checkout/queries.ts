import { statement } from '#platform/data/database'
import { and, desc, eq, sql } from 'drizzle-orm'
import { type Cart, cartLinesMax, type CartLine } from './cart.ts'
import { cartLines, carts } from './schema.ts'

const given = sql.placeholder

/**
 * The cart, whatever its state, for whoever shows its token or is its customer; neither matches where null is given. One that
 * was merged is there no more.
 */
const guardedCart = sql`(${carts.id} = ${given('cartId')} and (${carts.token} = ${given('token')}
  or ${carts.customer} = ${given('customer')}) and ${carts.state} <> 'merged')`
const openCart = and(guardedCart, eq(carts.state, 'open'))
/** What every change of what is bought sets. */
const changed = { version: sql`${carts.version} + 1`, changedAt: sql`${given('now')}` }
const bumped = changed.version

/** Opens a cart. */
export const insertCart = statement('checkout_insert_cart', (db) =>
  db.insert(carts).values({
    id: given('cartId'),
    token: given('token'),
    customer: given('customer'),
    state: 'open',
    currency: given('currency'),
    address: sql`${given('address')}::jsonb`,
    version: 1,
    lineCount: 0,
    lastPosition: 0,
    openedAt: given('now'),
    changedAt: given('now'),
  }),
)

/** What a cart is that is not merged. */
const readState = sql<Cart['state']>`${carts.state}`.as('state')

/** The cart without its lines. */
export const cartHead = statement('checkout_cart_head', (db) =>
  db
    .select({ state: readState, currency: carts.currency, address: carts.address, lineCount: carts.lineCount })
    .from(carts)
    .where(guardedCart),
)

/** The cart with its lines in order, in one statement. */
export const cartWithLines = statement('checkout_cart_with_lines', (db) =>
  db
    .select({
      id: carts.id,
      state: readState,
      customer: carts.customer,
      currency: carts.currency,
      address: carts.address,
      shippingMethod: carts.shippingMethod,
      shippingCountry: carts.shippingCountry,
      holdReference: carts.holdReference,
      // A hold ends by the database's clock, as it does at inventory.
      heldUntil: sql<string | null>`case when ${carts.state} = 'open' and ${carts.heldUntil}::timestamptz > now()
        then ${carts.heldUntil} end`.as('held_now'),
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
    .set({ address: sql`${given('address')}::jsonb`, ...changed })
    .where(openCart)
    .returning({ cartId: carts.id }),
)

/** Chooses how an open cart is sent. No row comes back where it is not open, or goes to another country. */
export const updateShipping = statement('checkout_set_shipping', (db) =>
  db
    .update(carts)
    .set({ shippingMethod: sql`${given('method')}`, shippingCountry: sql`${given('country')}`, ...changed })
    .where(and(openCart, sql`${carts.address} ->> 'country' = ${given('country')}`))
    .returning({ cartId: carts.id }),
)

/**
 * Remembers what inventory keeps for an open cart. It counts as a change: a purchase that has been quoted does not know of the
 * hold, and would find its own stock taken.
 */
export const updateHold = statement('checkout_set_hold', (db) =>
  db
    .update(carts)
    .set({ holdReference: sql`${given('reference')}`, heldUntil: sql`${given('until')}`, ...changed })
    .where(openCart)
    .returning({ cartId: carts.id }),
)

/** The open cart that a customer changed last. */
export const latestCartOf = statement('checkout_latest_cart', (db) =>
  db
    .select({ id: carts.id })
    .from(carts)
    .where(and(eq(carts.customer, given('customer')), sql`${carts.state} = 'open' and ${carts.customer} is not null`))
    .orderBy(desc(carts.changedAt), desc(carts.id))
    .limit(1),
)

/**
 * Adds lines behind the others, in one statement that also guards the token, the state, the currency and the limit.
 * No row comes back where one of them refuses.
 */
export const insertLines = statement('checkout_insert_lines', (db) => {
  const cart = db.$with('cart', { lineCount: sql<number>`line_count`.as('line_count') }).as(sql`
    update ${carts} set version = version + 1, line_count = line_count + ${given('added')}::int,
      last_position = last_position + ${given('added')}::int, changed_at = ${given('now')}
    where ${openCart} and ${carts.currency} = any(${given('currencies')}::text[])
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
    select id from ${carts} where ${openCart} for update`)
  const removed = db.$with('removed', {}).as(sql`
    delete from ${cartLines} line using cart
    where line.cart_id = cart.id and line.line_id = any(${given('lineIds')}::text[]) returning 1`)
  return db
    .with(cart, removed)
    .update(carts)
    .set({ ...changed, lineCount: sql`${carts.lineCount} - (select count(*) from removed)` })
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
