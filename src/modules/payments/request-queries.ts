/**
 * How captures, refunds and cancellations are claimed, and how what the provider said to them is booked: many at once, one
 * statement each. Rows are locked in the order of their ids, attempts before payments.
 */
import { type Db, statement } from '#platform/data/database'
import { inArray, type SQL, sql } from 'drizzle-orm'
import { attempts, ledger, payments, refusals } from './schema.ts'
import type { Amounts, PaymentState } from './payment-state.ts'

const { placeholder } = sql
const at = sql`${placeholder('at')}::text`

/** What is asked for, as JSON: at most one request per reference at a time. */
const asked = (db: Db, shape: SQL) =>
  db.$with('asked', {}).as(sql`select q.* from jsonb_to_recordset(${placeholder('asked')}::jsonb) as q (${shape})`)

const attemptColumns = sql`id, request, payment_id, kind, amount_minor, currency, authorisation, value_day, status`

const foundColumns = {
  id: sql<string>`found.id`,
  paymentId: sql<string>`found.payment_id`,
  kind: sql<'capture' | 'void' | 'refund'>`found.kind`,
  amountMinor: sql`found.amount_minor`.mapWith(Number),
  currency: sql<string>`found.currency`,
  authorisation: sql<string | null>`found.authorisation`,
  status: sql<string | null>`found.status`,
  request: sql<string>`found.request`,
}
const found = sql`(select ${attemptColumns} from known union all select ${attemptColumns} from opened) as found`

/**
 * Claims amounts to capture or give back, and opens their attempts. Comes back with those attempts, and with those opened
 * before; no row where there is too little left, or the request was refused. Opened twice at once it breaks the attempts'
 * primary key, and the claim with it.
 */
export const openAmounts = statement('payments_open_amounts', (db) => {
  const wanted = asked(
    db,
    sql`id text, request text, kind text, reference text, amount_minor bigint, currency text, value_day date`,
  )
  const known = db.$with('known', {}).as(sql`
    select a.* from ${attempts} a join asked on asked.id = a.id`)
  const locked = db.$with('locked', {}).as(sql`
    select p.id as payment_id, q.* from ${payments} p join asked q on q.reference = p.reference
    where not exists (select from ${attempts} a where a.id = q.id) and not exists (select from ${refusals} r where r.id = q.id)
    order by p.id for update of p`)
  const claimed = db.$with('claimed', {}).as(sql`
    update ${payments} p set
      capturing_minor = p.capturing_minor + case l.kind when 'capture' then l.amount_minor else 0 end,
      refunding_minor = p.refunding_minor + case l.kind when 'refund' then l.amount_minor else 0 end
    from locked l
    where p.id = l.payment_id and p.currency = l.currency and case l.kind
      when 'capture' then p.state = 'authorised' and l.amount_minor <=
        p.authorised_minor - p.captured_minor - p.capturing_minor - p.voided_minor - p.voiding_minor
      else l.amount_minor <= p.captured_minor - p.refunded_minor - p.refunding_minor end
    returning l.id, l.request, p.id as payment_id, l.kind, l.amount_minor, p.currency, p.provider_id, l.value_day`)
  const opened = db.$with('opened', {}).as(sql`
    insert into ${attempts} (id, request, payment_id, kind, amount_minor, currency, authorisation, value_day, opened_at)
    select id, request, payment_id, kind, amount_minor, currency, provider_id, value_day, ${at} from claimed
    returning ${attemptColumns}`)
  return db.with(wanted, known, locked, claimed, opened).select(foundColumns).from(found)
})

/**
 * Claims all that is left of payments: to void what is not captured, to give back what is. Comes back with the attempts,
 * opened now or before; no row where something is under way, or nothing is left.
 */
export const openCancellations = statement('payments_open_cancellations', (db) => {
  const wanted = asked(db, sql`void_id text, refund_id text, request text, reference text, value_day date`)
  const known = db.$with('known', {}).as(sql`
    select a.* from ${attempts} a join asked on a.id in (asked.void_id, asked.refund_id)`)
  const locked = db.$with('locked', {}).as(sql`
    select p.id as payment_id, q.* from ${payments} p join asked q on q.reference = p.reference
    where not exists (select from ${attempts} a where a.id in (q.void_id, q.refund_id))
    order by p.id for update of p`)
  const claimed = db.$with('claimed', {}).as(sql`
    update ${payments} p set
      voiding_minor = p.authorised_minor - p.captured_minor - p.voided_minor,
      refunding_minor = p.captured_minor - p.refunded_minor
    from locked l
    where p.id = l.payment_id and p.state in ('authorised', 'captured')
      and p.capturing_minor + p.voiding_minor + p.refunding_minor = 0
    returning l.void_id, l.refund_id, l.request, p.id as payment_id, p.voiding_minor, p.refunding_minor, p.currency,
      p.provider_id, l.value_day`)
  const opened = db.$with('opened', {}).as(sql`
    insert into ${attempts} (id, request, payment_id, kind, amount_minor, currency, authorisation, value_day, opened_at)
    select w.id, c.request, c.payment_id, w.kind, w.amount_minor, c.currency, c.provider_id, c.value_day, ${at}
    from claimed c, lateral (values (c.void_id, 'void', c.voiding_minor), (c.refund_id, 'refund', c.refunding_minor))
      as w (id, kind, amount_minor)
    where w.amount_minor > 0
    returning ${attemptColumns}`)
  return db.with(wanted, known, locked, claimed, opened).select(foundColumns).from(found)
})

/** The payments of references, with their amounts. */
export const paymentsByReference = (db: Db, references: string[]) =>
  db
    .select({
      reference: payments.reference,
      state: sql<PaymentState>`${payments.state}`,
      currency: payments.currency,
      authorisedMinor: payments.authorisedMinor,
      capturedMinor: payments.capturedMinor,
      voidedMinor: payments.voidedMinor,
      refundedMinor: payments.refundedMinor,
      capturingMinor: payments.capturingMinor,
      voidingMinor: payments.voidingMinor,
      refundingMinor: payments.refundingMinor,
    } satisfies Record<keyof Amounts | 'reference', unknown>)
    .from(payments)
    .where(inArray(payments.reference, references))

/** Which of these requests were refused before. */
export const refusedBefore = (db: Db, ids: string[]) =>
  db.select({ id: refusals.id }).from(refusals).where(inArray(refusals.id, ids))

/** Writes down what can never be done. What is written stays. */
export const insertRefusals = (db: Db, refused: (typeof refusals.$inferInsert)[]) =>
  db.insert(refusals).values(refused).onConflictDoNothing()

// Locked one by one: where most attempts are resolved, PostgreSQL would look through all for those that are not.
/**
 * Books what the provider said to captures, voids and refunds: attempts, the amounts and states of their payments, and
 * `entries` in the ledger. Comes back with what was booked now, each with its payment's version, in the order in which
 * that counted; no row for what was booked before.
 */
export const settleAttempts = statement('payments_settle_attempts', (db) => {
  const said = db.$with('said', {}).as(sql`
    select s.* from jsonb_to_recordset(${placeholder('outcomes')}::jsonb)
      as s (id text, status text, provider_id text, decline_reason text)`)
  const awaited = db.$with('awaited', {}).as(sql`
    select a.id from (select id from said order by id) s,
      lateral (select id from ${attempts} where id = s.id and resolved_at is null for update) a`)
  const settled = db.$with('settled', {}).as(sql`
    update ${attempts} a
    set status = s.status, provider_id = s.provider_id, decline_reason = s.decline_reason, resolved_at = ${at}
    from said s join awaited w on w.id = s.id
    where a.id = s.id
    returning a.id, a.payment_id, a.kind, a.amount_minor, a.currency, a.status, a.value_day`)
  const change = db.$with('change', {}).as(sql`
    select payment_id, count(*) as told,
      coalesce(sum(amount_minor) filter (where kind = 'capture'), 0) as capturing,
      coalesce(sum(amount_minor) filter (where kind = 'void'), 0) as voiding,
      coalesce(sum(amount_minor) filter (where kind = 'refund'), 0) as refunding,
      coalesce(sum(amount_minor) filter (where kind = 'capture' and status = 'succeeded'), 0) as captured,
      coalesce(sum(amount_minor) filter (where kind = 'void' and status = 'succeeded'), 0) as voided,
      coalesce(sum(amount_minor) filter (where kind = 'refund' and status = 'succeeded'), 0) as refunded
    from settled group by payment_id`)
  const locked = db.$with('locked', {}).as(sql`
    select p.id from ${payments} p join change c on c.payment_id = p.id order by p.id for update of p`)
  const changed = db.$with('changed', {}).as(sql`
    update ${payments} p set
      capturing_minor = p.capturing_minor - c.capturing, captured_minor = p.captured_minor + c.captured,
      voiding_minor = p.voiding_minor - c.voiding, voided_minor = p.voided_minor + c.voided,
      refunding_minor = p.refunding_minor - c.refunding, refunded_minor = p.refunded_minor + c.refunded,
      version = p.version + c.told,
      state = case
        when p.captured_minor + c.captured + p.voided_minor + c.voided < p.authorised_minor then 'authorised'
        when p.captured_minor + c.captured = 0 then 'voided'
        when p.refunded_minor + c.refunded = p.captured_minor + c.captured then 'refunded'
        else 'captured' end
    from change c join locked l on l.id = c.payment_id
    where p.id = c.payment_id
    returning p.id, p.reference, p.version - c.told as version_before`)
  const booked = db.$with('booked', {}).as(sql`
    insert into ${ledger} (attempt_id, account, payment_id, kind, amount_minor, currency, at, day)
    select s.id, e.account, s.payment_id, s.kind, e.amount_minor, s.currency, ${at}, coalesce(s.value_day, left(${at}, 10)::date)
    from settled s join jsonb_to_recordset(${placeholder('entries')}::jsonb)
      as e (attempt_id text, account text, amount_minor bigint) on e.attempt_id = s.id
    where s.status = 'succeeded'`)
  return db
    .with(said, awaited, settled, change, locked, changed, booked)
    .select({
      id: sql<string>`s.id`,
      kind: sql<'capture' | 'void' | 'refund'>`s.kind`,
      status: sql<string>`s.status`,
      amountMinor: sql`s.amount_minor`.mapWith(Number),
      currency: sql<string>`s.currency`,
      paymentId: sql<string>`c.id`,
      reference: sql<string>`c.reference`,
      version: sql`c.version_before + row_number() over (partition by c.id
        order by array_position(array['capture', 'void', 'refund'], s.kind), s.id)`.mapWith(Number),
    })
    .from(sql`settled s join changed c on c.id = s.payment_id`)
    .orderBy(sql`c.id`, sql`array_position(array['capture', 'void', 'refund'], s.kind)`, sql`s.id`)
})
