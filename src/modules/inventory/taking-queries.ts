/**
 * What takes stock: for good by a reservation, for a while by a hold.
 *
 * A row is written as it was when it was locked, and what is taken added. Written from itself (`reserved = s.reserved + …`)
 * it would first be computed, and checked by its constraint, from what the statement saw when it began.
 */
import { type Db, statement } from '#platform/data/database'
import { eq, type SQL, sql } from 'drizzle-orm'
import { allocation, answer, at, freeExpired, given, missing, reference } from './allocation.ts'
import { holdLines, holds, reservationLines, reservations, stock } from './schema.ts'

/**
 * Opens a reservation and promises its stock; a hold named `hold` is given up for it. `opened` is false where the reference
 * was used; nothing is changed then. Where SKU are `missing` nothing is promised: the caller makes room and asks again
 * with the same id, or gives the transaction up.
 */
const reserve = (source: { hold?: 'hold' }) => (db: Db) => {
  // The same reference at the same time waits here, before it holds a lock that the other could want.
  const opened = db.$with('opened', {}).as(sql`
    insert into ${reservations} as r (id, reference, state, reserved_at)
    values (${given('id')}::text, ${reference}, 'open', ${at})
    on conflict (reference) do update set reserved_at = excluded.reserved_at where r.id = excluded.id
    returning id`)
  const written = db.$with('written', {}).as(sql`
    insert into ${reservationLines} (reservation_id, sku, location, quantity)
    select o.id, t.sku, t.location, t.quantity from opened o, taken t where t.quantity > 0
    returning 1`)
  const promised = db.$with('promised', {}).as(sql`
    update ${stock} s
    set on_hand = t.on_hand, reserved = t.reserved + t.quantity, held = t.held - t.own, version = t.version + 1
    from taken t
    where s.sku = t.sku and s.location = t.location and t.quantity + t.own > 0
    returning 1`)
  const ended =
    source.hold &&
    db.$with('ended', {}).as(sql`
      delete from ${holds} where reference = ${given('hold')} and exists (select from opened) returning 1`)
  return db
    .with(
      opened,
      ...allocation(db, { ...source, after: 'opened' }),
      written,
      promised,
      ...(ended === undefined ? [] : [ended]),
    )
    .select({ opened: sql<boolean>`exists (select from opened)`, missing })
    .from(answer)
}
export const insertReservation = statement('inventory_insert_reservation', reserve({}))
export const insertReservationFromHold = statement('inventory_insert_reservation_from_hold', reserve({ hold: 'hold' }))

/**
 * Keeps stock until so many minutes from now, instead of what the reference kept before. Where SKU are `missing` nothing is
 * kept: the caller makes room and asks again, or gives the transaction up.
 */
export const insertHold = statement('inventory_insert_hold', (db) => {
  const kept = db.$with('kept', {}).as(sql`
    insert into ${holds} as h (reference, expires_at)
    values (${reference}, clock_timestamp() + ${given('minutes')}::int * interval '1 minute')
    on conflict (reference) do update set expires_at = excluded.expires_at
    returning reference, expires_at`)
  const written = db.$with('written', {}).as(sql`
    insert into ${holdLines} (reference, sku, location, quantity)
    select k.reference, t.sku, t.location, t.quantity from kept k, taken t where t.quantity > 0
    returning 1`)
  const held = db.$with('held', {}).as(sql`
    update ${stock} s
    set on_hand = t.on_hand, reserved = t.reserved, held = t.held - t.own + t.quantity, version = t.version + 1
    from taken t
    where s.sku = t.sku and s.location = t.location and t.quantity + t.own > 0
    returning 1`)
  return db
    .with(kept, ...allocation(db, { hold: 'reference', after: 'kept' }), written, held)
    .select({ expiresAt: isoOf(sql`kept.expires_at`), missing })
    .from(sql`kept`)
})

/** Makes room: what expired holds keep of these SKU is free again. Their stock is locked by the statement that came short. */
export const freeExpiredHolds = statement('inventory_free_expired_holds', (db) =>
  db
    .with(...freeExpired(db))
    .select({ freed: sql<boolean>`exists (select from gone)` })
    .from(answer),
)

const isoOf = (instant: SQL) => sql<string>`to_char(${instant} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

export type ReservationState = 'open' | 'committed' | 'released'

/** The reservation of a reference with its lines, sorted, whatever their locations; empty where there is none. */
export const reservationByReference = statement('inventory_reservation_by_reference', (db) =>
  db
    .select({
      id: reservations.id,
      state: sql<ReservationState>`"reservations"."state"`,
      lines: sql<{ sku: string; quantity: number }[]>`(
        select json_agg(json_build_object('sku', l.sku, 'quantity', l.quantity) order by l.sku collate "C")
        from (
          select sku, sum(quantity)::bigint as quantity from ${reservationLines}
          where reservation_id = "reservations"."id" group by sku) l)`,
    })
    .from(reservations)
    .where(eq(reservations.reference, given('reference'))),
)
