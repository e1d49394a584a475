import { statement } from '#platform/data/database'
import type { Db } from '#platform/data/database'
import { and, asc, desc, eq, gt, lt, sql } from 'drizzle-orm'
import { type ChainRecord, emptyChain, type Head } from './chain.ts'
import { chain, records } from './schema.ts'

/** The hall has one chain. */
const name = 'hall'

const headForUpdate = statement('audit_head_for_update', (db) =>
  db.select({ number: chain.number, hash: chain.hash }).from(chain).where(eq(chain.name, name)).for('update'),
)

const startChain = statement('audit_start_chain', (db) =>
  db.insert(chain).values({ name, number: emptyChain.number, hash: emptyChain.hash }).onConflictDoNothing(),
)

/** Where the chain ends. Nobody else can write to it before this transaction ends. */
export async function lockHead(tx: Db): Promise<Head> {
  const [head] = await headForUpdate(tx).execute()
  if (head) return head
  await startChain(tx).execute()
  const [started] = await headForUpdate(tx).execute()
  if (!started) throw new Error('The head of the audit chain vanished while it was being started.')
  return started
}

const recorded = statement('audit_recorded', (db) =>
  db
    .select({ eventId: records.eventId })
    .from(records)
    .where(sql`${records.eventId} = any(${sql.placeholder('eventIds')}::text[])`),
)

/** Which of these events have a record. */
export async function eventsRecorded(tx: Db, eventIds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await recorded(tx).execute({ eventIds })
  return new Set(rows.map(({ eventId }) => eventId))
}

const insertRecords = statement('audit_insert_records', (db) => {
  const written = db.$with('written', {}).as(sql`
    insert into ${records} (number, event_id, source, operation, actor, request_id, input_hash, refused, times, note, at,
      previous_hash, hash)
    select number, "eventId", source, operation, actor, "requestId", "inputHash", refused, times, note, at, "previousHash", hash
    from jsonb_to_recordset(${sql.placeholder('records')}::jsonb) as record (number bigint, "eventId" text, source text,
      operation text, actor jsonb, "requestId" text, "inputHash" text, refused text, times int, note text, at text,
      "previousHash" text, hash text)
    returning number, hash`)
  return db
    .with(written)
    .update(chain)
    .set({ number: sql`last.number`, hash: sql`last.hash` })
    .from(sql`(select number, hash from written order by number desc limit 1) as last`)
    .where(eq(chain.name, name))
})

/** Writes the records that follow the head, and moves it to the last of them. The head must be locked. */
export async function appendRecords(tx: Db, next: readonly ChainRecord[]): Promise<void> {
  if (next.length > 0) await insertRecords(tx).execute({ records: JSON.stringify(next) })
}

const readHead = statement('audit_head', (db) =>
  db.select({ number: chain.number, hash: chain.hash }).from(chain).where(eq(chain.name, name)),
)

/** Where the chain ends, as far as it is committed. */
export async function currentHead(db: Db): Promise<Head> {
  const [head] = await readHead(db).execute()
  return head ?? emptyChain
}

/** The next records after a number, oldest first. */
export const recordsAfter = statement('audit_records_after', (db) =>
  db
    .select()
    .from(records)
    .where(gt(records.number, sql.placeholder('number')))
    .orderBy(asc(records.number))
    .limit(sql.placeholder('limit')),
)

/** The records before a number, newest first: all (`refused` is null), what was refused, or what was done. */
export const recordsBefore = statement('audit_records_before', (db) =>
  db
    .select()
    .from(records)
    .where(
      and(
        lt(records.number, sql.placeholder('number')),
        sql`coalesce((${records.refused} is not null) = ${sql.placeholder('refused')}::boolean, true)`,
      ),
    )
    .orderBy(desc(records.number))
    .limit(sql.placeholder('limit')),
)
