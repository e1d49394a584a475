/** The tables of payments. `recorded_at` and `due_at` are database time: they serve the sweep, never a business decision. */
import { platformTables } from '#platform/data/platform-tables'
import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  date,
  index,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import type { Transaction } from './provider.ts'
import type { Ours } from './reconciliation/compare.ts'

export const paymentsSchema = pgSchema('payments')
export const { commands, sagas, journal, lanes, cursors, parked, jobs, rebuilds, schedules } =
  platformTables(paymentsSchema)

const minor = (name: string) => bigint(name, { mode: 'number' })
const databaseTime = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' })

/** One payment per reference, for ever. */
export const payments = paymentsSchema.table(
  'payments',
  {
    id: text('id').primaryKey(),
    reference: text('reference').notNull().unique('payments_reference'),
    state: text('state').notNull(),
    /** Counts what was announced of the payment: 0 until then. */
    version: minor('version').notNull().default(0),
    amountMinor: minor('amount_minor').notNull(),
    currency: text('currency').notNull(),
    authorisedMinor: minor('authorised_minor').notNull().default(0),
    capturedMinor: minor('captured_minor').notNull().default(0),
    voidedMinor: minor('voided_minor').notNull().default(0),
    refundedMinor: minor('refunded_minor').notNull().default(0),
    /** What the provider is being asked to capture, void and give back at this moment: claims on what is left. */
    capturingMinor: minor('capturing_minor').notNull().default(0),
    voidingMinor: minor('voiding_minor').notNull().default(0),
    refundingMinor: minor('refunding_minor').notNull().default(0),
    /** The provider's id of the authorisation. */
    providerId: text('provider_id'),
    createdAt: text('created_at').notNull(),
  },
  (table) => [
    check(
      'payments_state',
      sql`${table.state} in ('authorising', 'authorised', 'declined', 'captured', 'refunded', 'voiding', 'voided')`,
    ),
    check('payments_amount', sql`${table.amountMinor} >= 0`),
    check('payments_authorised', sql`${table.authorisedMinor} between 0 and ${table.amountMinor}`),
    check('payments_captured', sql`least(${table.capturedMinor}, ${table.voidedMinor}, ${table.refundedMinor}) >= 0`),
    check('payments_claims', sql`least(${table.capturingMinor}, ${table.voidingMinor}, ${table.refundingMinor}) >= 0`),
    check(
      'payments_taken',
      sql`${table.capturedMinor} + ${table.capturingMinor} + ${table.voidedMinor} + ${table.voidingMinor} <= ${table.authorisedMinor}`,
    ),
    check('payments_given_back', sql`${table.refundedMinor} + ${table.refundingMinor} <= ${table.capturedMinor}`),
  ],
)

/** What was asked of the provider: the id is the provider's idempotency key. Without a status the outcome is not known. */
export const attempts = paymentsSchema.table(
  'attempts',
  {
    id: text('id').primaryKey(),
    /** What the job that asked for it calls it; null where a saga asked. The kind and it are the id, which is once for ever. */
    request: text('request'),
    paymentId: text('payment_id')
      .notNull()
      .references(() => payments.id),
    kind: text('kind').notNull(),
    amountMinor: minor('amount_minor').notNull(),
    currency: text('currency').notNull(),
    /** The card token; of an authorise only. */
    source: text('source'),
    /** The provider's id of the authorisation; of all other kinds. */
    authorisation: text('authorisation'),
    /** `succeeded` and `declined` have their counterpart at the provider, `refused` has none there. */
    status: text('status'),
    providerId: text('provider_id'),
    /** Why the provider declined or refused. */
    declineReason: text('decline_reason'),
    /** The day for which it is booked; that of the booking where there is none. */
    valueDay: date('value_day'),
    openedAt: text('opened_at').notNull(),
    resolvedAt: text('resolved_at'),
    /** When the provider's books were seen to say the same. */
    reconciledAt: text('reconciled_at'),
    recordedAt: databaseTime('recorded_at')
      .notNull()
      .default(sql`clock_timestamp()`),
    /** When the sweep asks the provider about it. */
    dueAt: databaseTime('due_at')
      .notNull()
      .default(sql`clock_timestamp() + interval '30 seconds'`),
  },
  (table) => [
    uniqueIndex('attempts_authorisation')
      .on(table.paymentId)
      .where(sql`kind = 'authorise'`),
    index('attempts_unresolved')
      .on(table.dueAt)
      .where(sql`status is null`),
    index('attempts_unreconciled')
      .on(table.recordedAt)
      .where(sql`reconciled_at is null and status in ('succeeded', 'declined')`),
    check('attempts_kind', sql`${table.kind} in ('authorise', 'capture', 'void', 'refund')`),
    check('attempts_status', sql`${table.status} in ('succeeded', 'declined', 'refused')`),
    check('attempts_resolved', sql`(${table.status} is null) = (${table.resolvedAt} is null)`),
  ],
)

/** The double-entry ledger. Its key lets an attempt be booked once for ever. Rows are never changed. */
export const ledger = paymentsSchema.table(
  'ledger',
  {
    attemptId: text('attempt_id')
      .notNull()
      .references(() => attempts.id),
    account: text('account').notNull(),
    paymentId: text('payment_id').notNull(),
    kind: text('kind').notNull(),
    /** Signed; the entries of an attempt sum to zero. */
    amountMinor: minor('amount_minor').notNull(),
    currency: text('currency').notNull(),
    at: text('at').notNull(),
    /** The day for which it counts: that of `at`, in UTC, unless it was asked for another. */
    day: date('day').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.attemptId, table.account] }),
    index('ledger_of_payment').on(table.paymentId),
    check(
      'ledger_account',
      sql`${table.account} in ('provider_hold', 'customer_promise', 'provider_receivable', 'sales', 'refunds')`,
    ),
    check('ledger_amount', sql`${table.amountMinor} <> 0`),
  ],
)

/** What a job asked for and can never be done: nothing was asked of the provider. */
export const refusals = paymentsSchema.table('refusals', {
  /** As the attempt's would be: the kind and the request. */
  id: text('id').primaryKey(),
  reference: text('reference').notNull(),
  amountMinor: minor('amount_minor'),
  currency: text('currency'),
  reason: text('reason').notNull(),
  at: text('at').notNull(),
})

/** The provider's events that told of an attempt whose outcome was not known, by the provider's id. */
export const webhookEvents = paymentsSchema.table('webhook_events', {
  id: text('id').primaryKey(),
  type: text('type').notNull(),
  attemptId: text('attempt_id').notNull(),
  receivedAt: text('received_at').notNull(),
})

/** How far the provider's books were compared with ours: one row, once that has begun. */
export const reconciliation = paymentsSchema.table('reconciliation', {
  provider: text('provider').primaryKey(),
  /** Where the provider goes on. */
  cursor: text('cursor').notNull(),
  /** How many transactions were compared. */
  compared: minor('compared').notNull(),
  /** When everything that the provider had was compared, the last time. */
  upToDateAt: text('up_to_date_at'),
  /** Why the books cannot be read at the moment. */
  problem: text('problem'),
})

/**
 * Where the provider's books and ours do not say the same. What is found may be under way, and counts once it differs
 * still when a grace is over.
 */
export const differences = paymentsSchema.table(
  'differences',
  {
    /** The provider's id of the transaction; of an attempt that the provider does not have, the attempt's. */
    id: text('id').primaryKey(),
    kind: text('kind').notNull(),
    /** Under which the provider was asked; the attempt's id, if there is one. */
    key: text('key'),
    ours: jsonb('ours').$type<Ours>(),
    theirs: jsonb('theirs').$type<Transaction>(),
    /** When it counted; null until then. */
    foundAt: text('found_at'),
    /** When it differed no longer, or was accepted. */
    resolvedAt: text('resolved_at'),
    /** Why a person accepted it; it does not come up again. */
    because: text('because'),
    recordedAt: databaseTime('recorded_at')
      .notNull()
      .default(sql`clock_timestamp()`),
    /** When it is looked at again. */
    dueAt: databaseTime('due_at').notNull(),
  },
  (table) => [
    index('differences_open')
      .on(table.dueAt)
      .where(sql`resolved_at is null`),
    index('differences_of_key').on(table.key),
  ],
)
