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
}

const insertEntries = (count: number) =>
  statement(`payments_insert_${count}_entries`, (db) =>
    db
      .insert(ledger)
      .values(
        Array.from({ length: count }, (_, number) => ({
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
const insertTwoEntries = insertEntries(2)
const insertFourEntries = insertEntries(4)

/** Books an attempt in the ledger. What is booked already stays as it is. */
export async function book(tx: Db, { amountMinor, ...booking }: Booking): Promise<void> {
  const entries = entriesOf(booking.kind, amountMinor)
  if (entries.length === 0) return
  const numbered = entries.flatMap((entry, number) => [
    [`account${number}`, entry.account],
    [`amountMinor${number}`, entry.amountMinor],
  ])
  const insert = entries.length === 2 ? insertTwoEntries : insertFourEntries
  await insert(tx).execute({ ...booking, day: booking.at.slice(0, 10), ...Object.fromEntries(numbered) })
}

/** The payment of a reference with its ledger entries, one row per entry. */
export const paymentWithEntries = statement('payments_with_entries', (db) =>
  db
    .select({
      id: payments.id,
      reference: payments.reference,
      state: payments.state,
      amountMinor: payments.amountMinor,
      currency: payments.currency,
      account: ledger.account,
      entryMinor: ledger.amountMinor,
      at: ledger.at,
    })
    .from(payments)
    .leftJoin(ledger, eq(ledger.paymentId, payments.id))
    .where(eq(payments.reference, placeholder('reference')))
    .orderBy(asc(ledger.at), asc(ledger.kind), asc(ledger.account)),
)

const sumOf = (kind: BookingKind, account: string) =>
  sql<number>`coalesce(sum(${ledger.amountMinor}) filter (where ${ledger.kind} = ${sql.raw(`'${kind}'`)} and ${ledger.account} = ${sql.raw(`'${account}'`)}), 0)`.mapWith(
    Number,
  )

/** What the ledger says of the days, in a currency. */
export const ledgerTotals = statement('payments_ledger_totals', (db) =>
  db
    .select({
      payments: sql<number>`count(distinct ${ledger.paymentId}) filter (where ${ledger.kind} = 'authorise')`.mapWith(
        Number,
      ),
      authorisedMinor: sumOf('authorise', 'provider_hold'),
      capturedMinor: sumOf('capture', 'provider_receivable'),
      voidedMinor: sumOf('void', 'customer_promise'),
    })
    .from(ledger)
    .where(
      and(
        eq(ledger.currency, placeholder('currency')),
        sql`${ledger.day} >= coalesce(${placeholder('from')}::date, '-infinity')`,
        sql`${ledger.day} <= coalesce(${placeholder('to')}::date, 'infinity')`,
      ),
    ),
)
