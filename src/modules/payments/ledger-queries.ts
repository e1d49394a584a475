/** How the ledger is written and read. */
import { type Db, statement } from '#platform/data/database'
import { and, asc, eq, sql } from 'drizzle-orm'
import { type BookingKind, entriesOf } from './ledger.ts'
import { ledger, payments } from './schema.ts'

const { placeholder } = sql

type Booking = {
  kind: BookingKind
  attemptId: string
  paymentId: string
  amountMinor: number
  currency: string
  at: string
  day: string
}

const insertEntries = statement('payments_insert_entries', (db) =>
  db
    .insert(ledger)
    .values(
      [0, 1].map((number) => ({
        attemptId: placeholder('attemptId'),
        account: placeholder(`account${number}`),
        paymentId: placeholder('paymentId'),
        kind: placeholder('kind'),
        amountMinor: placeholder(`amountMinor${number}`),
        currency: placeholder('currency'),
        at: placeholder('at'),
        day: placeholder('day'),
      })),
    )
    .onConflictDoNothing(),
)

/** Books an authorisation or its void by a statement of its own. What is booked already stays as it is. */
export async function book(
  tx: Db,
  { amountMinor, ...booking }: Booking & { kind: 'authorise' | 'void' },
): Promise<void> {
  const [first, second] = entriesOf(booking.kind, amountMinor)
  if (first === undefined || second === undefined) return
  await insertEntries(tx).execute({
    ...booking,
    account0: first.account,
    amountMinor0: first.amountMinor,
    account1: second.account,
    amountMinor1: second.amountMinor,
  })
}

/** The payment of a reference with its ledger entries, one row per entry. */
export const paymentWithEntries = statement('payments_with_entries', (db) =>
  db
    .select({
      id: payments.id,
      reference: payments.reference,
      state: payments.state,
      amountMinor: payments.amountMinor,
      capturedMinor: payments.capturedMinor,
      refundedMinor: payments.refundedMinor,
      currency: payments.currency,
      account: ledger.account,
      entryMinor: ledger.amountMinor,
      at: ledger.at,
      day: ledger.day,
    })
    .from(payments)
    .leftJoin(ledger, eq(ledger.paymentId, payments.id))
    .where(eq(payments.reference, placeholder('reference')))
    .orderBy(asc(ledger.at), asc(ledger.kind), asc(ledger.attemptId), asc(ledger.account)),
)

const sumOf = (kind: BookingKind, account: string) =>
  sql<number>`coalesce(sum(${ledger.amountMinor}) filter (where ${ledger.kind} = ${sql.raw(`'${kind}'`)} and ${ledger.account} = ${sql.raw(`'${account}'`)}), 0)`.mapWith(
    Number,
  )

/** What the ledger says of the days, in a currency: a row for each on which anything was booked. */
export const ledgerByDay = statement('payments_ledger_by_day', (db) =>
  db
    .select({
      day: ledger.day,
      payments: sql<number>`count(distinct ${ledger.paymentId}) filter (where ${ledger.kind} = 'authorise')`.mapWith(
        Number,
      ),
      authorisedMinor: sumOf('authorise', 'provider_hold'),
      capturedMinor: sumOf('capture', 'provider_receivable'),
      voidedMinor: sumOf('void', 'customer_promise'),
      refundedMinor: sumOf('refund', 'refunds'),
    })
    .from(ledger)
    .where(
      and(
        eq(ledger.currency, placeholder('currency')),
        sql`${ledger.day} >= coalesce(${placeholder('from')}::date, '-infinity')`,
        sql`${ledger.day} <= coalesce(${placeholder('to')}::date, 'infinity')`,
      ),
    )
    .groupBy(ledger.day)
    .orderBy(asc(ledger.day)),
)
