/** What payments asks of its payments and attempts, and how it writes them. Whatever decides is one conditional statement. */
import { statement } from '#platform/data/database'
import { and, eq, inArray, isNull, lte, sql } from 'drizzle-orm'
import { attempts, ledger, payments, webhookEvents } from './schema.ts'
import type { PaymentState } from './payment-state.ts'

const { placeholder } = sql
const given = (name: string) => sql<string>`${placeholder(name)}::text`
const minor = (name: string) => sql`${placeholder(name)}::bigint`
const day = sql`${placeholder('day')}::date`

/** Opens a payment with its attempt; no row where the reference has a payment. */
export const openPayment = statement('payments_open', (db) => {
  const opened = db.$with('opened', {}).as(sql`
    insert into ${payments} (id, reference, state, amount_minor, currency, created_at)
    values (${given('paymentId')}, ${given('reference')}, 'authorising', ${minor('amountMinor')}, ${given('currency')}, ${given('at')})
    on conflict (reference) do nothing
    returning *`)
  const asked = db.$with('asked', {}).as(sql`
    insert into ${attempts} (id, payment_id, kind, amount_minor, currency, source, value_day, opened_at)
    select ${given('attemptId')}, id, 'authorise', amount_minor, currency, ${given('source')}, ${day}, ${given('at')} from opened
    returning id`)
  return db
    .with(opened, asked)
    .select({ id: sql<string>`asked.id` })
    .from(sql`asked`)
})

/** The payment of a reference with its attempt of a kind. */
export const paymentWithAttempt = statement('payments_with_attempt', (db) =>
  db
    .select({
      paymentId: payments.id,
      state: sql<PaymentState>`${payments.state}`,
      attemptId: attempts.id,
      amountMinor: payments.amountMinor,
      currency: payments.currency,
      source: attempts.source,
      authorisation: attempts.authorisation,
      providerId: payments.providerId,
      declineReason: attempts.declineReason,
    })
    .from(payments)
    .innerJoin(attempts, and(eq(attempts.paymentId, payments.id), eq(attempts.kind, placeholder('kind'))))
    .where(eq(payments.reference, placeholder('reference'))),
)

/**
 * Books what the provider said to an authorisation: payment, attempt and ledger. No row where that is no longer awaited;
 * what the sweep has recorded of the attempt stays.
 */
export const settleAuthorisation = statement('payments_settle_authorisation', (db) => {
  const settled = db.$with('settled', {}).as(sql`
    update ${payments} set state = ${given('state')}, authorised_minor = ${minor('authorisedMinor')},
      provider_id = ${given('providerId')}, version = version + 1
    where id = ${given('paymentId')} and state = 'authorising'
    returning id, currency, version`)
  const resolved = db.$with('resolved', {}).as(sql`
    update ${attempts} set status = ${given('status')}, provider_id = ${given('providerId')},
      decline_reason = ${given('declineReason')}, resolved_at = ${given('at')}
    where id = ${given('attemptId')} and resolved_at is null and exists (select from settled)
    returning 1`)
  const booked = db.$with('booked', {}).as(sql`
    insert into ${ledger} (attempt_id, account, payment_id, kind, amount_minor, currency, at, day)
    select ${given('attemptId')}, e.account, s.id, 'authorise', e."amountMinor", s.currency, ${given('at')}, ${day}
    from settled s, jsonb_to_recordset(${placeholder('entries')}::jsonb) as e (account text, "amountMinor" bigint)
    on conflict do nothing
    returning 1`)
  return db
    .with(settled, resolved, booked)
    .select({ version: sql`settled.version`.mapWith(Number) })
    .from(sql`settled`)
})

/** Claims an authorised payment for the checkout's void; no row where it is anything else. */
export const claimForVoid = statement('payments_claim_for_void', (db) =>
  db
    .update(payments)
    .set({ state: 'voiding' })
    .where(
      and(
        eq(payments.id, placeholder('paymentId')),
        eq(payments.state, 'authorised'),
        // Untouched: once a capture has begun, or a cancellation, it goes forward.
        sql`${payments.capturedMinor} + ${payments.capturingMinor} + ${payments.voidedMinor} + ${payments.voidingMinor} = 0`,
      ),
    )
    .returning({ id: payments.id }),
)

/** Closes a payment that was taken back; `announced` is 1 where its authorisation was announced, and 0 otherwise. */
export const closeVoided = statement('payments_close_voided', (db) =>
  db
    .update(payments)
    .set({
      state: 'voided',
      authorisedMinor: sql`${placeholder('voidedMinor')}::bigint`,
      voidedMinor: sql`${placeholder('voidedMinor')}::bigint`,
      providerId: sql`coalesce(${payments.providerId}, ${given('providerId')})`,
      version: sql`${payments.version} + ${placeholder('announced')}::bigint`,
    })
    .where(and(eq(payments.id, placeholder('paymentId')), inArray(payments.state, ['authorising', 'voiding'])))
    .returning({ version: payments.version }),
)

// By `resolved_at`, not `status`: PostgreSQL would look for the one attempt in the index of the unresolved, which under
// load is full of entries that are gone.
/** Records what became of an attempt, unless that is recorded. */
export const resolveAttemptRow = statement('payments_resolve_attempt', (db) =>
  db
    .update(attempts)
    .set({
      status: given('status'),
      providerId: given('providerId'),
      declineReason: given('declineReason'),
      resolvedAt: given('at'),
    })
    .where(and(eq(attempts.id, placeholder('attemptId')), isNull(attempts.resolvedAt)))
    .returning({ id: attempts.id }),
)

/** Records the void of an authorisation, which is over by then. */
export const insertVoidAttempt = statement('payments_insert_void', (db) =>
  db.insert(attempts).values({
    id: placeholder('attemptId'),
    paymentId: placeholder('paymentId'),
    kind: 'void',
    amountMinor: placeholder('amountMinor'),
    currency: placeholder('currency'),
    authorisation: placeholder('authorisation'),
    status: 'succeeded',
    providerId: placeholder('providerId'),
    valueDay: placeholder('day'),
    openedAt: placeholder('at'),
    resolvedAt: placeholder('at'),
  }),
)

/** Keeps the events of a webhook, and answers those that were not kept before. */
export const keepWebhookEvents = statement('payments_keep_webhook_events', (db) => {
  const kept = db.$with('kept', {}).as(sql`
    insert into ${webhookEvents} (id, type, attempt_id, received_at)
    select e.id, e.type, e.key, ${given('at')}
    from jsonb_to_recordset(${placeholder('events')}::jsonb) as e (id text, type text, key text) order by e.id
    on conflict (id) do nothing
    returning attempt_id`)
  return db
    .with(kept)
    .select({ attemptId: sql<string>`kept.attempt_id` })
    .from(sql`kept`)
})

/** Whether attempts have their result; `overdue` where they have none and whoever opened them should have had the answer. */
export const awaitedAttempts = statement('payments_awaited_attempts', (db) =>
  db
    .select({
      id: attempts.id,
      resolved: sql<boolean>`${attempts.resolvedAt} is not null`,
      overdue: sql<boolean>`${attempts.resolvedAt} is null and ${attempts.recordedAt} <= clock_timestamp() - interval '5 seconds'`,
    })
    .from(attempts)
    .where(sql`${attempts.id} = any(${placeholder('ids')}::text[])`),
)

/** What must be known of an attempt to ask the provider about it. */
const inQuestion = {
  id: attempts.id,
  request: attempts.request,
  kind: sql<'authorise' | 'capture' | 'void' | 'refund'>`${attempts.kind}`,
  amountMinor: attempts.amountMinor,
  currency: attempts.currency,
  authorisation: attempts.authorisation,
}

/** The attempt, unless it has its result. */
export const attemptInQuestion = statement('payments_attempt_in_question', (db) =>
  db
    .select(inQuestion)
    .from(attempts)
    .where(and(eq(attempts.id, placeholder('attemptId')), isNull(attempts.resolvedAt))),
)

/** Takes attempts that have no result and are due, and makes them due again later, so that none keeps others waiting. */
export const claimDueAttempts = statement('payments_claim_due_attempts', (db) =>
  db
    .update(attempts)
    .set({ dueAt: sql`clock_timestamp() + interval '60 seconds'` })
    .where(
      inArray(
        attempts.id,
        db
          .select({ id: attempts.id })
          .from(attempts)
          .where(and(isNull(attempts.status), lte(attempts.dueAt, sql`clock_timestamp()`)))
          .orderBy(attempts.dueAt)
          .limit(placeholder('limit'))
          .for('update', { skipLocked: true }),
      ),
    )
    .returning(inQuestion),
)
