/** What ends reservations, several at once: by release, which frees their units, or by commit, which takes them off the stock. */
import { type Db, statement } from '#platform/data/database'
import { sql } from 'drizzle-orm'
import { at, given, inLockOrder } from '../allocation.ts'
import { reservationLines, reservations, stock, stockLedger } from '../schema.ts'
import type { ReservationState } from '../taking-queries.ts'

export type Ending = Exclude<ReservationState, 'open'>

/** Ends those of the references that are open; their references come back. */
const close = (as: Ending) => (db: Db) => {
  const ended = db.$with('ended', {}).as(sql`
    update ${reservations} set state = ${sql.raw(`'${as}'`)}, closed_at = ${at}
    where reference = any(${given('references')}::text[]) and state = 'open'
    returning id, reference, closed_at`)
  const promised = db.$with('promised', {}).as(sql`
    select e.reference, e.closed_at, l.sku, l.location, l.quantity
    from ended e join ${reservationLines} l on l.reservation_id = e.id`)
  const locked = db.$with('locked', {}).as(sql`
    select s.sku, s.location from ${stock} s
    where (s.sku, s.location) in (select p.sku, p.location from promised p)
    ${inLockOrder}
    for update`)
  const left = as === 'committed' ? sql`p.units` : sql`0`
  const closed = db.$with('closed', {}).as(sql`
    update ${stock} s
    set on_hand = s.on_hand - ${left}, reserved = s.reserved - p.units, version = s.version + 1
    from (select sku, location, sum(quantity)::bigint as units from promised group by sku, location) p
    join locked l on l.sku = p.sku and l.location = p.location
    where s.sku = p.sku and s.location = p.location
    returning 1`)
  const booked = db.$with('booked', {}).as(sql`
    insert into ${stockLedger} (kind, reference, sku, location, delta, at)
    select 'commit', p.reference, p.sku, p.location, -p.quantity, p.closed_at from promised p
    where ${sql.raw(as === 'committed' ? 'true' : 'false')}
    returning 1`)
  return db
    .with(ended, promised, locked, closed, booked)
    .select({ reference: sql<string>`ended.reference` })
    .from(sql`ended`)
}
export const releaseReservations = statement('inventory_release_reservations', close('released'))
export const commitReservations = statement('inventory_commit_reservations', close('committed'))

/** What has become of the references' reservations; those without one are missing. */
export const reservationStates = statement('inventory_reservation_states', (db) =>
  db
    .select({ reference: reservations.reference, state: sql<ReservationState>`"reservations"."state"` })
    .from(reservations)
    .where(sql`${reservations.reference} = any(${given('references')}::text[])`),
)
