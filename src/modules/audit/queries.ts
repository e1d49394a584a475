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

const insertRecord = statement('audit_insert_record', (db) => {
  const written = db.$with('written').as(
    db
      .insert(records)
      .values({
        number: sql.placeholder('number'),
        eventId: sql.placeholder('eventId'),
        source: sql.placeholder('source'),
        operation: sql.placeholder('operation'),
        actor: sql.placeholder('actor'),
        requestId: sql.placeholder('requestId'),
        inputHash: sql.placeholder('inputHash'),
        refused: sql.placeholder('refused'),
        times: sql.placeholder('times'),
        note: sql.placeholder('note'),
        at: sql.placeholder('at'),
        previousHash: sql.placeholder('previousHash'),
        hash: sql.placeholder('hash'),
      })
      .onConflictDoNothing({ target: records.eventId })
      .returning(),
  )
  return db
    .with(written)
    .update(chain)
    .set({ number: sql`${written.number}`, hash: sql`${written.hash}` })
    .from(written)
    .where(eq(chain.name, name))
})

/** Writes the record and moves the head to it, unless there is a record of its event. The head must be locked. */
export async function appendRecord(tx: Db, record: ChainRecord): Promise<void> {
  await insertRecord(tx).execute(record)
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
