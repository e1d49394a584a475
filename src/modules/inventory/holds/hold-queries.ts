/** What ends holds. Whatever touches a hold as a whole first takes its lock, so that it sees what the one before it left. */
import { type Db, statement } from '#platform/data/database'
import { sql } from 'drizzle-orm'
import { answer, freeGone, given, inLockOrder, reference } from '../allocation.ts'
import { holdLines, holds, stock } from '../schema.ts'

const lockOf = (of: typeof reference) => sql`hashtextextended('inventory hold ' || ${of}, 0)`

/** Waits until nobody else is at the hold. A statement of its own: the next one sees what was done meanwhile. */
export const lockHold = statement('inventory_lock_hold', (db) =>
  db.select({ locked: sql`pg_advisory_xact_lock(${lockOf(reference)}) is not null` }).from(answer),
)

/** The parts of a statement that ends the holds in `mine`, of which `stillOver` holds. */
function ending(db: Db, stillOver = sql`true`) {
  const locked = db.$with('locked', {}).as(sql`
    select s.sku from ${stock} s
    where (s.sku, s.location) in (select l.sku, l.location from ${holdLines} l join mine m on m.reference = l.reference)
    ${inLockOrder}
    for update`)
  // The count reads all of `locked`: every row of stock is locked before the first line goes.
  const gone = db.$with('gone', {}).as(sql`
    delete from ${holdLines} l using mine m
    where l.reference = m.reference and (select count(*) from locked) > 0
    returning l.sku, l.location, l.quantity`)
  const ended = db.$with('ended', {}).as(sql`
    delete from ${holds} h using mine m where h.reference = m.reference and ${stillOver} returning 1`)
  return [locked, gone, freeGone(db), ended] as const
}

/** Ends a hold whose lock is taken. `ended` is false where there is none. */
export const deleteHold = statement('inventory_delete_hold', (db) => {
  const mine = db.$with('mine', {}).as(sql`select ${reference} as reference`)
  return db
    .with(mine, ...ending(db))
    .select({ ended: sql<boolean>`exists (select from ended)` })
    .from(answer)
})

/** Ends holds that have expired, the oldest first; one that somebody is at just now is left to the next time. */
export const deleteExpiredHolds = statement('inventory_delete_expired_holds', (db) => {
  const due = db.$with('due', {}).as(sql`
    select reference from ${holds} where expires_at <= clock_timestamp() order by expires_at limit ${given('limit')}`)
  const mine = db.$with('mine', {}).as(sql`
    select reference from due where pg_try_advisory_xact_lock(${lockOf(sql`reference`)})`)
  return db
    .with(due, mine, ...ending(db, sql`h.expires_at <= clock_timestamp()`))
    .select({
      holds: sql<number>`(select count(*)::int from ended)`,
      units: sql`(select coalesce(sum(units), 0) from freed)`.mapWith(Number),
    })
    .from(answer)
})
