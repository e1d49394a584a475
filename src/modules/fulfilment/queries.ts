/** What fulfilment asks and tells its tables: one statement each, and what decides is conditional. */
import { statement } from '#platform/data/database'
import { and, asc, eq, sql } from 'drizzle-orm'
import { methods, shipments } from './schema.ts'

const given = sql.placeholder

/**
 * Makes a method, or changes it. A method has one name and one position whatever the currency, so that its rows of other
 * currencies change too; a position that is not given stays what it was.
 */
export const upsertMethod = statement('fulfilment_upsert_method', (db) => {
  const before = db.$with('before', {}).as(sql`
    select coalesce(${given('position')}::int, max(m.position), 0) as position
    from ${methods} m where m.country = ${given('country')} and m.code = ${given('code')}`)
  const saved = db.$with('saved', {}).as(sql`
    insert into ${methods} (country, code, currency, name, price_minor, position)
    select ${given('country')}, ${given('code')}, ${given('currency')}, ${given('name')}, ${given('priceMinor')}::bigint, before.position
    from before
    on conflict (country, code, currency) do update
    set name = excluded.name, price_minor = excluded.price_minor, position = excluded.position
    returning country, code, currency, name, position`)
  const others = db.$with('others', {}).as(sql`
    update ${methods} m set name = saved.name, position = saved.position
    from saved where m.country = saved.country and m.code = saved.code and m.currency <> saved.currency
    returning 1`)
  return db
    .with(before, saved, others)
    .select({ position: sql<number>`saved.position` })
    .from(sql`saved`)
})

/** Takes a method away in all currencies; its rows come back. */
export const deleteMethod = statement('fulfilment_delete_method', (db) =>
  db
    .delete(methods)
    .where(and(eq(methods.country, given('country')), eq(methods.code, given('code'))))
    .returning({ currency: methods.currency }),
)

/** The methods of a country with their price in a currency, in their order. */
export const methodsOf = statement('fulfilment_methods_of', (db) =>
  db
    .select({ code: methods.code, name: methods.name, priceMinor: methods.priceMinor })
    .from(methods)
    .where(and(eq(methods.country, given('country')), eq(methods.currency, given('currency'))))
    .orderBy(asc(methods.position), sql`${methods.code} collate "C"`),
)

/** Notes what is to be sent for an order, unless it was noted before. */
export const insertShipment = statement('fulfilment_insert_shipment', (db) =>
  db
    .insert(shipments)
    .values({
      id: given('id'),
      orderId: given('orderId'),
      orderNumber: given('orderNumber'),
      reference: given('reference'),
      state: 'waiting',
      version: 1,
      address: given('address'),
      method: given('method'),
      lines: given('lines'),
      orderedAt: given('orderedAt'),
    })
    .onConflictDoNothing({ target: shipments.orderId }),
)

export const shipmentOfOrder = statement('fulfilment_shipment_of_order', (db) =>
  db
    .select()
    .from(shipments)
    .where(eq(shipments.orderId, given('orderId'))),
)

/** Sends what waits; no row where it does not wait any more. */
export const sendShipment = statement('fulfilment_send_shipment', (db) =>
  db
    .update(shipments)
    .set({
      state: 'shipped',
      version: sql`${shipments.version} + 1`,
      carrier: sql`${given('carrier')}::text`,
      trackingNumber: sql`${given('trackingNumber')}::text`,
      shippedAt: sql`${given('at')}::text`,
    })
    .where(and(eq(shipments.orderId, given('orderId')), eq(shipments.state, 'waiting')))
    .returning(),
)

/** Gives up what waits. `left` is whether it has been sent instead, which nothing takes back. */
export const cancelShipment = statement('fulfilment_cancel_shipment', (db) => {
  const cancelled = db.$with('cancelled', {}).as(sql`
    update ${shipments} set state = 'cancelled', version = version + 1
    where order_id = ${given('orderId')} and state = 'waiting'
    returning 1`)
  return db
    .with(cancelled)
    .select({
      left: sql<boolean>`exists (select from ${shipments} where order_id = ${given('orderId')} and state = 'shipped')`,
    })
    .from(sql`(select) as answer`)
})

/** A page of shipments, in the order of their orders' numbers. */
export const shipmentsAfter = statement('fulfilment_shipments_after', (db) =>
  db
    .select()
    .from(shipments)
    .where(sql`${shipments.orderNumber} > ${given('after')}::bigint`)
    .orderBy(asc(shipments.orderNumber))
    .limit(given('limit')),
)

/** A page of the shipments in a state, in the order of their orders' numbers. */
export const shipmentsInStateAfter = statement('fulfilment_shipments_in_state_after', (db) =>
  db
    .select()
    .from(shipments)
    .where(sql`${shipments.state} = ${given('state')} and ${shipments.orderNumber} > ${given('after')}::bigint`)
    .orderBy(asc(shipments.orderNumber))
    .limit(given('limit')),
)
