/**
 * What the inventory asks and tells its tables. Stock is decided by one conditional statement each: rows are locked in
 * the order of their SKU, and PostgreSQL looks at the condition again on the row as it is once the lock is held.
 */
import { statement } from '#platform/data/database'
import { eq, type SQL, sql } from 'drizzle-orm'
import { receipts, reservationLines, reservations, stock, stockLedger } from './schema.ts'

const lines = sql`unnest(${sql.placeholder('skus')}::text[], ${sql.placeholder('quantities')}::bigint[])`
const reference = sql`${sql.placeholder('reference')}::text`
const at = sql`${sql.placeholder('at')}::timestamptz`
/** A row to select single values from. */
const answer = sql`(select) as answer`

/**
 * Notes the receipt, adds its lines to the stock and writes the ledger, all unless the reference was used. The lines
 * come sorted, and the insert takes them, and so its locks, in that order.
 */
export const insertReceipt = statement('inventory_insert_receipt', (db) => {
  const receipt = db.$with('receipt', { reference: sql<string>`reference` }).as(sql`
    insert into ${receipts} (reference, units, at)
    values (${reference}, ${sql.placeholder('units')}::bigint, ${at})
    on conflict (reference) do nothing
    returning reference, at`)
  const arrived = db.$with('arrived', { sku: sql<string>`sku` }).as(sql`
    insert into ${stock} (sku, on_hand, reserved, version)
    select l.sku, l.quantity, 0, 1 from ${lines} as l (sku, quantity) where exists (select from receipt)
    on conflict (sku) do update
    set on_hand = stock.on_hand + excluded.on_hand, version = stock.version + 1
    returning sku`)
  const written = db.$with('written', { sku: sql<string>`sku` }).as(sql`
    insert into ${stockLedger} (kind, reference, sku, delta, at)
    select 'receipt', r.reference, l.sku, l.quantity, r.at from receipt r, ${lines} as l (sku, quantity)
    returning sku`)
  return db
    .with(receipt, arrived, written)
    .select({ received: sql<boolean>`exists (select from receipt)` })
    .from(answer)
})

/**
 * Opens a reservation and promises its stock. `opened` is false where the reference was used; nothing is changed then.
 * `missing` are up to six SKU of which too little is free: the caller must then give the transaction up.
 */
export const insertReservation = statement('inventory_insert_reservation', (db) => {
  const wanted = db.$with('wanted', { sku: sql<string>`sku`, quantity: sql<number>`quantity` }).as(sql`
    select l.sku, l.quantity from ${lines} as l (sku, quantity)`)
  const opened = db.$with('opened', { id: sql<string>`id` }).as(sql`
    insert into ${reservations} (id, reference, state, reserved_at)
    values (${sql.placeholder('id')}::text, ${reference}, 'open', ${at})
    on conflict (reference) do nothing
    returning id`)
  const held = db.$with('held', { sku: sql<string>`sku` }).as(sql`
    insert into ${reservationLines} (reservation_id, sku, quantity)
    select o.id, w.sku, w.quantity from opened o, wanted w
    returning sku`)
  // The same reference at the same time waits in `opened`, before it holds a lock that the other could want.
  const locked = db.$with('locked', { sku: sql<string>`sku` }).as(sql`
    select s.sku from ${stock} s
    where s.sku in (select w.sku from wanted w) and exists (select from opened)
    order by s.sku collate "C"
    for update`)
  const taken = db.$with('taken', { sku: sql<string>`sku` }).as(sql`
    update ${stock} s
    set reserved = s.reserved + w.quantity, version = s.version + 1
    from wanted w join locked l on l.sku = w.sku
    where s.sku = w.sku and s.on_hand - s.reserved >= w.quantity
    returning s.sku`)
  return db
    .with(wanted, opened, held, locked, taken)
    .select({
      opened: sql<boolean>`exists (select from opened)`,
      missing: sql<string[]>`array(
        select w.sku from wanted w
        where exists (select from opened) and not exists (select from taken t where t.sku = w.sku)
        order by w.sku collate "C" limit 6)`,
    })
    .from(answer)
})

/** The reservation of a reference with its lines, sorted; empty where there is none. */
export const reservationByReference = statement('inventory_reservation_by_reference', (db) =>
  db
    .select({
      id: reservations.id,
      state: sql<ReservationState>`"reservations"."state"`,
      lines: sql<{ sku: string; quantity: number }[]>`(
        select json_agg(json_build_object('sku', l.sku, 'quantity', l.quantity) order by l.sku collate "C")
        from ${reservationLines} l
        where l.reservation_id = "reservations"."id")`,
    })
    .from(reservations)
    .where(eq(reservations.reference, sql.placeholder('reference'))),
)

export type ReservationState = 'open' | 'committed' | 'released'

export const reservationState = statement('inventory_reservation_state', (db) =>
  db
    .select({ state: sql<ReservationState>`"reservations"."state"` })
    .from(reservations)
    .where(eq(reservations.reference, sql.placeholder('reference'))),
)

/** The lines of the reservation that `ended` has just ended, and their stock, locked in the order of the SKU. */
const endedLines = sql`
  select l.sku, l.quantity from ended e join ${reservationLines} l on l.reservation_id = e.id`
const lockedStock = sql`
  select s.sku from ${stock} s where s.sku in (select h.sku from held h) order by s.sku collate "C" for update`
const endAs = (state: Exclude<ReservationState, 'open'>): SQL => sql`
  update ${reservations}
  set state = ${sql.raw(`'${state}'`)}, closed_at = ${at}
  where reference = ${reference} and state = 'open'
  returning id, reference, closed_at`

/** Releases an open reservation. `ended` is false where there is no open one; nothing is changed then. */
export const releaseReservation = statement('inventory_release_reservation', (db) => {
  const ended = db.$with('ended', { id: sql<string>`id` }).as(endAs('released'))
  const held = db.$with('held', { sku: sql<string>`sku` }).as(endedLines)
  const locked = db.$with('locked', { sku: sql<string>`sku` }).as(lockedStock)
  const freed = db.$with('freed', { sku: sql<string>`sku` }).as(sql`
    update ${stock} s
    set reserved = s.reserved - h.quantity, version = s.version + 1
    from held h join locked l on l.sku = h.sku
    where s.sku = h.sku
    returning s.sku`)
  return db
    .with(ended, held, locked, freed)
    .select({ ended: sql<boolean>`exists (select from ended)` })
    .from(answer)
})

/** Takes an open reservation's units off the stock. `ended` is false where there is no open one. */
export const commitReservation = statement('inventory_commit_reservation', (db) => {
  const ended = db.$with('ended', { id: sql<string>`id` }).as(endAs('committed'))
  const held = db.$with('held', { sku: sql<string>`sku` }).as(endedLines)
  const locked = db.$with('locked', { sku: sql<string>`sku` }).as(lockedStock)
  const left = db.$with('departed', { sku: sql<string>`sku` }).as(sql`
    update ${stock} s
    set on_hand = s.on_hand - h.quantity, reserved = s.reserved - h.quantity, version = s.version + 1
    from held h join locked l on l.sku = h.sku
    where s.sku = h.sku
    returning s.sku`)
  const written = db.$with('written', { sku: sql<string>`sku` }).as(sql`
    insert into ${stockLedger} (kind, reference, sku, delta, at)
    select 'commit', e.reference, h.sku, -h.quantity, e.closed_at from ended e, held h
    returning sku`)
  return db
    .with(ended, held, locked, left, written)
    .select({ ended: sql<boolean>`exists (select from ended)` })
    .from(answer)
})

export const stockLevels = statement('inventory_stock_levels', (db) =>
  db
    .select({ sku: stock.sku, onHand: stock.onHand, reserved: stock.reserved })
    .from(stock)
    .where(sql`${stock.sku} = any(${sql.placeholder('skus')}::text[])`)
    .orderBy(sql`${stock.sku} collate "C"`),
)
