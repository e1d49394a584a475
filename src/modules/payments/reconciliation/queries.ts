/** How the comparison of the books is written down. `due_at` and `recorded_at` are database time, and make the grace. */
import { statement } from '#platform/data/database'
import { and, asc, desc, eq, inArray, isNotNull, isNull, lte, notExists, or, sql } from 'drizzle-orm'
import { attempts, differences, ledger, payments, reconciliation } from '../schema.ts'
import type { DifferenceKind, Ours } from './compare.ts'
import type { Transaction } from '../provider.ts'

const { placeholder } = sql
const given = (name: string) => sql<string>`${placeholder(name)}::text`
const provider = 'provider'

/** For so long two books may differ while something is under way: a saga that is undone, a provider that is out. */
const graceMinutes = 15
const grace = sql.raw(`interval '${graceMinutes} minutes'`)

/** How far the comparison has come; nothing before it began. */
export const progress = statement('payments_reconciliation_progress', (db) => db.select().from(reconciliation))

const oursColumns = {
  id: attempts.id,
  kind: attempts.kind,
  status: attempts.status,
  amountMinor: attempts.amountMinor,
  currency: attempts.currency,
  providerId: attempts.providerId,
  authorisation: attempts.authorisation,
}

/** The attempts under these keys, each with what is booked for it. The entries of an attempt are all of one size. */
export const oursByKey = statement('payments_ours_by_key', (db) =>
  db
    .select({
      ...oursColumns,
      bookedMinor:
        sql`coalesce((select max(abs(${ledger.amountMinor})) from ${ledger} where ${ledger.attemptId} = ${attempts.id}), 0)`.mapWith(
          Number,
        ),
    })
    .from(attempts)
    .where(sql`${attempts.id} = any(${placeholder('keys')}::text[])`),
)

/** Marks attempts of which the provider's books say the same. */
export const markReconciled = statement('payments_mark_reconciled', (db) =>
  db
    .update(attempts)
    .set({ reconciledAt: given('at') })
    .where(and(sql`${attempts.id} = any(${placeholder('ids')}::text[])`, isNull(attempts.reconciledAt))),
)

/** Moves on; no row where somebody else has moved on from there meanwhile. */
export const moveOn = statement('payments_reconciliation_move_on', (db) =>
  db
    .insert(reconciliation)
    .values({
      provider,
      cursor: given('next'),
      compared: sql`${placeholder('compared')}::bigint`,
      upToDateAt: given('upToDateAt'),
    })
    .onConflictDoUpdate({
      target: reconciliation.provider,
      set: {
        cursor: sql`excluded.cursor`,
        compared: sql`${reconciliation.compared} + excluded.compared`,
        upToDateAt: sql`coalesce(excluded.up_to_date_at, ${reconciliation.upToDateAt})`,
        problem: null,
      },
      setWhere: eq(reconciliation.cursor, given('after')),
    })
    .returning({ cursor: reconciliation.cursor }),
)

/** Goes back to the beginning of the books, which are not those that were read before. */
export const beginAnew = statement('payments_reconciliation_begin_anew', (db) =>
  db
    .update(reconciliation)
    .set({ cursor: '', compared: 0 })
    .where(eq(reconciliation.cursor, placeholder('after'))),
)

/** Says why it does not go on; no row where that was known. */
export const noteProblem = statement('payments_reconciliation_note_problem', (db) =>
  db
    .insert(reconciliation)
    .values({ provider, cursor: '', compared: 0, problem: given('problem') })
    .onConflictDoUpdate({
      target: reconciliation.provider,
      set: { problem: sql`excluded.problem` },
      setWhere: sql`${reconciliation.problem} is distinct from excluded.problem`,
    })
    .returning({ problem: reconciliation.problem }),
)

/** Writes down differences, to be looked at again after the grace. What a person has accepted stays so. */
export const recordDifferences = statement('payments_record_differences', (db) => {
  const found = db.$with('found', {}).as(sql`
    insert into ${differences} (id, kind, key, ours, theirs, due_at)
    select f.id, f.kind, f.key, f.ours, f.theirs, clock_timestamp() + ${grace}
    from jsonb_to_recordset(${placeholder('found')}::jsonb) as f (id text, kind text, key text, ours jsonb, theirs jsonb)
    order by f.id
    on conflict (id) do update set kind = excluded.kind, key = excluded.key, ours = excluded.ours, theirs = excluded.theirs,
      due_at = case when ${differences.resolvedAt} is null then ${differences.dueAt} else excluded.due_at end,
      found_at = case when ${differences.resolvedAt} is null then ${differences.foundAt} end, resolved_at = null
    where ${differences.because} is null
    returning 1`)
  return db
    .with(found)
    .select({ n: sql`count(*)`.mapWith(Number) })
    .from(sql`found`)
})

/** Takes differences that are open and due, and makes them due again later, so that none keeps others waiting. */
export const claimDueDifferences = statement('payments_claim_due_differences', (db) =>
  db
    .update(differences)
    .set({ dueAt: sql`clock_timestamp() + interval '60 seconds'` })
    .where(
      inArray(
        differences.id,
        db
          .select({ id: differences.id })
          .from(differences)
          .where(and(isNull(differences.resolvedAt), lte(differences.dueAt, sql`clock_timestamp()`)))
          .orderBy(differences.dueAt)
          .limit(placeholder('limit'))
          .for('update', { skipLocked: true }),
      ),
    )
    .returning({
      id: differences.id,
      key: differences.key,
      theirs: differences.theirs,
      foundAt: differences.foundAt,
    }),
)

/** Counts what still differs, as it does now. Comes back with what counts for the first time. */
export const countDifferences = statement('payments_count_differences', (db) => {
  const still = db.$with('still', {}).as(sql`
    select d.id, d.found_at from jsonb_to_recordset(${placeholder('still')}::jsonb) as s (id text)
      join ${differences} d on d.id = s.id where d.resolved_at is null order by d.id for update of d`)
  const counted = db.$with('counted', {}).as(sql`
    update ${differences} d set kind = s.kind, ours = s.ours, theirs = s.theirs, found_at = coalesce(d.found_at, ${given('at')})
    from jsonb_to_recordset(${placeholder('still')}::jsonb) as s (id text, kind text, ours jsonb, theirs jsonb), still
    where d.id = s.id and still.id = s.id
    returning d.id, d.kind, d.key, d.ours, d.theirs, still.found_at is null as is_new`)
  return db
    .with(still, counted)
    .select({
      id: sql<string>`id`,
      kind: sql<string>`kind`,
      key: sql<string | null>`key`,
      ours: sql<Ours | null>`ours`,
      theirs: sql<Transaction | null>`theirs`,
    })
    .from(sql`counted`)
    .where(sql`is_new`)
})

/** Ends differences: what counted is kept as resolved, what never did is forgotten. Comes back with what had counted. */
export const endDifferences = statement('payments_end_differences', (db) => {
  const ended = sql`id = any(${placeholder('ids')}::text[]) and resolved_at is null`
  const forgotten = db
    .$with('forgotten', {})
    .as(sql`delete from ${differences} where ${ended} and found_at is null returning 1`)
  const resolved = db.$with('resolved', {}).as(sql`
    update ${differences} set resolved_at = ${given('at')} where ${ended} and found_at is not null returning id`)
  return db
    .with(forgotten, resolved)
    .select({ id: sql<string>`id` })
    .from(sql`resolved`)
})

/** Attempts with a counterpart at the provider that its books have not shown yet, though they were read to their end. */
export const unseenAttempts = statement('payments_unseen_attempts', (db) =>
  db
    .select({ id: attempts.id })
    .from(attempts)
    .where(
      and(
        isNull(attempts.reconciledAt),
        sql`${attempts.status} in ('succeeded', 'declined')`,
        sql`${attempts.recordedAt} <= clock_timestamp() - interval '1 minute'`,
        notExists(
          db
            .select({ id: differences.id })
            .from(differences)
            .where(
              and(eq(differences.key, attempts.id), or(isNull(differences.resolvedAt), isNotNull(differences.because))),
            ),
        ),
      ),
    )
    .orderBy(attempts.recordedAt)
    .limit(placeholder('limit')),
)

const isOpen = and(isNotNull(differences.foundAt), isNull(differences.resolvedAt))

/** Differences that count, the newest first: those that are open, or those that were. */
export const listedDifferences = statement('payments_listed_differences', (db) =>
  db
    .select({
      id: differences.id,
      kind: sql<DifferenceKind>`${differences.kind}`,
      attemptId: attempts.id,
      reference: payments.reference,
      ours: differences.ours,
      theirs: differences.theirs,
      foundAt: sql<string>`${differences.foundAt}`,
      resolvedAt: differences.resolvedAt,
      because: differences.because,
    })
    .from(differences)
    .leftJoin(attempts, eq(attempts.id, differences.key))
    .leftJoin(payments, eq(payments.id, attempts.paymentId))
    .where(
      and(
        isNotNull(differences.foundAt),
        sql`(${differences.resolvedAt} is not null) = ${placeholder('resolved')}::boolean`,
      ),
    )
    .orderBy(desc(differences.foundAt), asc(differences.id))
    .limit(placeholder('limit')),
)

export const openDifferences = statement('payments_open_differences', (db) =>
  db
    .select({ open: sql`count(*)`.mapWith(Number) })
    .from(differences)
    .where(isOpen),
)

/** Accepts a difference; no row where there is none that is open. */
export const acceptOne = statement('payments_accept_difference', (db) =>
  db
    .update(differences)
    .set({ resolvedAt: given('at'), because: given('because') })
    .where(and(eq(differences.id, placeholder('id')), isOpen))
    .returning({ id: differences.id }),
)
