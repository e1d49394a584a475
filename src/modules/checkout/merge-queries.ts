import { statement } from '#platform/data/database'
import { and, eq, sql } from 'drizzle-orm'
import { cartLines, carts } from './schema.ts'

const given = sql.placeholder

/** One merge of a customer at a time. */
export const lockCustomer = statement('checkout_lock_customer', (db) =>
  db
    .select({
      locked: sql`pg_advisory_xact_lock(hashtextextended('checkout.merge ' || ${given('customer')}::text, 0))`,
    })
    .from(sql`(select 1) as once`),
)

/**
 * Locks a cart, and the cart of this customer that it was or would be merged into: of the open ones in its currency the
 * one changed last.
 */
export const lockCartsToMerge = statement('checkout_lock_carts_to_merge', (db) =>
  db
    .select({
      id: carts.id,
      token: carts.token,
      tokenBefore: carts.tokenBefore,
      customer: carts.customer,
      state: carts.state,
      lineCount: carts.lineCount,
    })
    .from(carts)
    .where(
      sql`${carts.id} = ${given('cartId')} or ${carts.id} = (
        select coalesce(source.merged_into, (
          select own.id from ${carts} own
          where own.customer = ${given('customer')} and own.state = 'open' and own.customer is not null
            and own.currency = source.currency and own.id <> source.id
          order by own.changed_at desc, own.id desc limit 1))
        from ${carts} source where source.id = ${given('cartId')})`,
    )
    .orderBy(carts.id)
    .for('update'),
)

/** Makes a guest's cart its customer's, under a new token. */
export const handCartOver = statement('checkout_hand_cart_over', (db) =>
  db
    .update(carts)
    .set({
      customer: sql`${given('customer')}`,
      tokenBefore: sql`${carts.token}`,
      token: sql`${given('token')}`,
      version: sql`${carts.version} + 1`,
      changedAt: sql`${given('now')}`,
    })
    .where(and(eq(carts.id, given('cartId')), eq(carts.state, 'open'))),
)

/**
 * Puts a guest's lines behind those of the customer's cart, and closes the guest's. The customer's keeps what it has: only an
 * address or a hold that it lacks is taken from the guest's.
 */
export const joinCarts = statement('checkout_join_carts', (db) => {
  const source = db.$with('source', {}).as(sql`
    update ${carts} set state = 'merged', merged_into = ${given('into')}, customer = ${given('customer')},
      version = version + 1, line_count = 0, changed_at = ${given('now')}
    where id = ${given('cartId')} and state = 'open'
    returning last_position, address, hold_reference, held_until`)
  const moved = db.$with('moved', {}).as(sql`
    update ${cartLines} line set cart_id = own.id, position = own.last_position + line.position
    from ${carts} own, source where own.id = ${given('into')} and line.cart_id = ${given('cartId')} returning 1`)
  return db
    .with(source, moved)
    .update(carts)
    .set({
      lineCount: sql`${carts.lineCount} + (select count(*) from moved)`,
      lastPosition: sql`${carts.lastPosition} + (select last_position from source)`,
      address: sql`coalesce(${carts.address}, (select address from source))`,
      holdReference: sql`coalesce(${carts.holdReference}, (select hold_reference from source))`,
      heldUntil: sql`coalesce(${carts.heldUntil}, (select held_until from source))`,
      version: sql`${carts.version} + 1`,
      changedAt: sql`${given('now')}`,
    })
    .where(sql`${carts.id} = ${given('into')} and exists (select from source)`)
    .returning({ lineCount: carts.lineCount })
})
