/**
 * The parts of a statement that takes stock for lines, all or none, from the locations in the order of their priority.
 *
 * Whoever changes stock first locks its rows, in the order of SKU and location (collation "C"), so that statements wait
 * for each other but never in a circle. A locked row comes back as it is then, not as it was when the statement began:
 * what is free is decided on rows that nobody else can change any more. The lines of holds belong to the same locks.
 */
import type { Db } from '#platform/data/database'
import { sql } from 'drizzle-orm'
import { holdLines, holds, locations, stock } from './schema.ts'

export const given = sql.placeholder
export const reference = sql`${given('reference')}::text`
export const at = sql`${given('at')}::timestamptz`
/** The lines asked for. How many must not be known to the planner: it would plan anew for each number of them. */
export const lines = sql`unnest((select ${given('skus')}::text[]), (select ${given('quantities')}::bigint[]))`
/** A row to select single values from. */
export const answer = sql`(select) as answer`

/** The order in which rows of `s` are locked. */
export const inLockOrder = sql`order by s.sku collate "C", s.location collate "C"`

/** Up to six SKU of which too little is free. */
export const missing = sql<string[]>`array(select sku from short order by sku collate "C" limit 6)`

type Source = {
  /** Whose hold is given up for it: its lines count as free. */
  hold?: 'reference' | 'hold'
  /** The statement goes on only where this part has a row; what it waits for, it waits for before it locks stock. */
  after: string
}

/**
 * `wanted` is asked for. `room` are the locked rows with what is free of each. `own` are the lines of the hold that is given
 * up, deleted. `short` are the SKU of which there is too little. `taken` says by row what is taken, nothing where any SKU is
 * short, and what of `own` is free again.
 */
export function allocation(db: Db, { hold, after }: Source) {
  const begun = sql`exists (select from ${sql.identifier(after)})`
  const holdReference = hold && sql`${given(hold)}::text`
  const wanted = db.$with('wanted', {}).as(sql`select l.sku, l.quantity from ${lines} as l (sku, quantity)`)
  const ofHold = holdReference
    ? sql`union select l.sku from ${holdLines} l where l.reference = ${holdReference}`
    : sql``
  const room = db.$with('room', {}).as(sql`
    select s.*, p.priority
    from ${stock} s join ${locations} p on p.code = s.location
    where s.sku in (select w.sku from wanted w ${ofHold}) and ${begun}
    ${inLockOrder}
    for update of s`)
  const own = db.$with('own', {}).as(
    holdReference
      ? // The count reads all of `room`: every row is locked before the first line goes.
        sql`delete from ${holdLines} l
        where l.reference = ${holdReference} and (select count(*) from room) > 0
        returning l.sku, l.location, l.quantity`
      : sql`select null::text as sku, null::text as location, null::bigint as quantity where false`,
  )
  const offered = db.$with('offered', {}).as(sql`
    select r.*, coalesce(o.quantity, 0) as own, r.on_hand - r.reserved - r.held + coalesce(o.quantity, 0) as free
    from room r left join own o on o.sku = r.sku and o.location = r.location`)
  const short = db.$with('short', {}).as(sql`
    select w.sku from wanted w left join offered o on o.sku = w.sku
    where ${begun}
    group by w.sku, w.quantity having coalesce(sum(o.free), 0) < w.quantity`)
  const taken = db.$with('taken', {}).as(sql`
    select o.sku, o.location, o.on_hand, o.reserved, o.held, o.version, o.own,
      case when exists (select from short) then 0
        else greatest(0, least(o.free, coalesce(w.quantity, 0) - o.before))::bigint end as quantity
    from (
      select f.*, coalesce(sum(f.free) over (
        partition by f.sku order by f.priority, f.location collate "C"
        rows between unbounded preceding and 1 preceding), 0) as before
      from offered f) o
    left join wanted w on w.sku = o.sku`)
  return [wanted, room, own, offered, short, taken] as const
}

/** Frees what expired holds keep of the lines' SKU, whose stock the transaction has locked by a statement that came short. */
export const freeExpired = (db: Db) => {
  const gone = db.$with('gone', {}).as(sql`
    delete from ${holdLines} l using ${holds} h
    where h.reference = l.reference and h.expires_at <= clock_timestamp() and l.sku = any(${given('skus')}::text[])
    returning l.sku, l.location, l.quantity`)
  return [gone, freeGone(db)] as const
}

/** Takes the lines in `gone` off what is held. */
export const freeGone = (db: Db) =>
  db.$with('freed', {}).as(sql`
    update ${stock} s set held = s.held - g.units, version = s.version + 1
    from (select sku, location, sum(quantity)::bigint as units from gone group by sku, location) g
    where s.sku = g.sku and s.location = g.location
    returning g.units`)
