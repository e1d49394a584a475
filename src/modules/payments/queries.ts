/** What payments asks of its payments and attempts, and how it writes them. Whatever decides is one conditional statement. */
import { statement } from '#platform/data/database'
import { and, eq, inArray, isNull, lte, sql } from 'drizzle-orm'
import { attempts, payments, webhookEvents } from './schema.ts'
import type { PaymentState } from './payment-state.ts'

const { placeholder } = sql
const given = (name: string) => sql<string>`${placeholder(name)}::text`
const none = sql<null>`null`

/** When an attempt is recorded and when the sweep asks about it: as the table's defaults, which a select must spell out. */
const recordedNow = {
  recordedAt: sql<string>`clock_timestamp()`,
  dueAt: sql<string>`clock_timestamp() + interval '30 seconds'`,
}

/** Opens a payment with its attempt; no row where the reference has a payment. */
export const openPayment = statement('payments_open', (db) => {
  const opened = db.$with('opened').as(
    db
      .insert(payments)
      .values({
        id: placeholder('paymentId'),
        reference: placeholder('reference'),
        state: 'authorising' satisfies PaymentState,
        amountMinor: placeholder('amountMinor'),
        currency: placeholder('currency'),
        createdAt: placeholder('at'),
      })
      .onConflictDoNothing({ target: payments.reference })
      .returning({ id: payments.id, amountMinor: payments.amountMinor, currency: payments.currency }),
  )
  return db
    .with(opened)
    .insert(attempts)
    .select(
      db
        .select({
          id: given('attemptId').as('attempt_id'),
          paymentId: opened.id,
          kind: sql<string>`'authorise'`.as('kind'),
          amountMinor: opened.amountMinor,
          currency: opened.currency,
          source: given('source').as('source'),
          authorisation: none.as('authorisation'),
          status: none.as('status'),
          providerId: none.as('provider_id'),
          declineReason: none.as('decline_reason'),
          openedAt: given('at').as('opened_at'),
          resolvedAt: none.as('resolved_at'),
          recordedAt: recordedNow.recordedAt.as('recorded_at'),
          dueAt: recordedNow.dueAt.as('due_at'),
        })
        .from(opened),
    )
    .returning({ id: attempts.id })
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

/** Books what the provider said to an authorisation; no row where that is no longer awaited. */
export const settleAuthorisation = statement('payments_settle_authorisation', (db) =>
  db
    .update(payments)
    .set({
      state: given('state'),
      authorisedMinor: sql`${placeholder('authorisedMinor')}::bigint`,
      providerId: given('providerId'),
      version: sql`${payments.version} + 1`,
    })
    .where(and(eq(payments.id, placeholder('paymentId')), eq(payments.state, 'authorising')))
    .returning({ version: payments.version }),
)

/** Claims an authorised payment for its void; no row where it is anything else. */
export const claimForVoid = statement('payments_claim_for_void', (db) =>
  db
    .update(payments)
    .set({ state: 'voiding' })
    .where(and(eq(payments.id, placeholder('paymentId')), eq(payments.state, 'authorised')))
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

/** Claims an authorised payment for its capture and opens the attempt; no row where it is anything else. */
export const openCapture = statement('payments_open_capture', (db) => {
  const claimed = db.$with('claimed').as(
    db
      .update(payments)
      .set({ state: 'capturing' })
      .where(and(eq(payments.reference, placeholder('reference')), eq(payments.state, 'authorised')))
      .returning({
        id: payments.id,
        amountMinor: payments.authorisedMinor,
        currency: payments.currency,
        providerId: payments.providerId,
      }),
  )
  return db
    .with(claimed)
    .insert(attempts)
    .select(
      db
        .select({
          id: given('attemptId').as('attempt_id'),
          paymentId: claimed.id,
          kind: sql<string>`'capture'`.as('kind'),
          amountMinor: claimed.amountMinor,
          currency: claimed.currency,
          source: none.as('source'),
          authorisation: claimed.providerId,
          status: none.as('status'),
          providerId: none.as('capture_id'),
          declineReason: none.as('decline_reason'),
          openedAt: given('at').as('opened_at'),
          resolvedAt: none.as('resolved_at'),
          recordedAt: recordedNow.recordedAt.as('recorded_at'),
          dueAt: recordedNow.dueAt.as('due_at'),
        })
        .from(claimed),
    )
    .returning({
      paymentId: attempts.paymentId,
      attemptId: attempts.id,
      amountMinor: attempts.amountMinor,
      currency: attempts.currency,
      authorisation: attempts.authorisation,
    })
})

/** Books a capture; no row where it is booked already. */
export const settleCapture = statement('payments_settle_capture', (db) =>
  db
    .update(payments)
    .set({
      state: 'captured',
      capturedMinor: sql`${placeholder('amountMinor')}::bigint`,
      version: sql`${payments.version} + 1`,
    })
    .where(and(eq(payments.id, placeholder('paymentId')), eq(payments.state, 'capturing')))
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
    openedAt: placeholder('at'),
    resolvedAt: placeholder('at'),
  }),
)

/** Keeps the event of a webhook; no row where it is kept already. */
export const keepWebhookEvent = statement('payments_keep_webhook', (db) =>
  db
    .insert(webhookEvents)
    .values({
      id: placeholder('id'),
      type: placeholder('type'),
      attemptId: placeholder('attemptId'),
      receivedAt: placeholder('at'),
    })
    .onConflictDoNothing()
    .returning({ id: webhookEvents.id }),
)

/** The attempt, if it has no result although whoever opened it should have had the answer by now. */
export const overdueAttempt = statement('payments_overdue_attempt', (db) =>
  db
    .select({ id: attempts.id })
    .from(attempts)
    .where(
      and(
        eq(attempts.id, placeholder('attemptId')),
        isNull(attempts.resolvedAt),
        lte(attempts.recordedAt, sql`clock_timestamp() - interval '5 seconds'`),
      ),
    ),
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
    .returning({ id: attempts.id }),
)
