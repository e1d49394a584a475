/** The sandbox's durable state: one SQLite file. Totals are sums over the attempts, so that they cannot drift from them. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { BookedAttempt, Charge, PageQuery, RecordedAttempt, WebhookEndpoint } from './wire.ts'

const refundableAttempts = `
  create table attempts (
    key text primary key,
    kind text not null check (kind in ('authorise', 'capture', 'void', 'refund')),
    amountMinor integer not null check (amountMinor > 0),
    currency text not null,
    source text,
    authorisation text references attempts (providerId),
    status text not null check (status in ('succeeded', 'declined')),
    providerId text not null unique,
    declineReason text
  ) strict;
  create index attempts_of_authorisation on attempts (authorisation) where authorisation is not null;
  create index authorisations on attempts (key) where kind = 'authorise';
`

const attemptColumns = 'key, kind, amountMinor, currency, source, authorisation, status, providerId, declineReason'

const numberedAttempts = `
  create table attempts (
    number integer primary key,
    key text not null unique,
    kind text not null check (kind in ('authorise', 'capture', 'void', 'refund')),
    amountMinor integer not null check (amountMinor > 0),
    currency text not null,
    source text,
    authorisation text references attempts (providerId),
    status text not null check (status in ('succeeded', 'declined')),
    providerId text not null unique,
    declineReason text
  ) strict;
  create index attempts_of_authorisation on attempts (authorisation) where authorisation is not null;
  create index authorisations on attempts (key) where kind = 'authorise';
`

/** What makes each version of the file out of the one before; an empty file is version 0. */
const versions: readonly string[] = [
  // Files of version 1 were not marked as such: they are version 0, and have these tables already.
  `create table if not exists faults_shown (once text primary key) strict;
  create table if not exists webhook_endpoint (
    one integer primary key check (one = 1), url text not null, secret text not null
  ) strict;
  create table if not exists deliveries (
    number integer primary key,
    body text not null,
    tries integer not null default 0,
    dueAtMs integer not null,
    givenUp integer not null default 0
  ) strict;
  create index if not exists deliveries_due on deliveries (dueAtMs, number) where givenUp = 0;
  create table if not exists attempts (key text, kind text, amountMinor integer, currency text, source text,
    authorisation text, status text, providerId text, declineReason text) strict;`,
  // Refunds: SQLite changes no check, so the table is made anew.
  `drop index if exists attempts_of_authorisation;
  drop index if exists authorisations;
  alter table attempts rename to attempts_1;
  ${refundableAttempts}
  insert into attempts select * from attempts_1;
  drop table attempts_1;`,
  // Books: attempts have numbers in the order in which they were decided.
  `drop index attempts_of_authorisation;
  drop index authorisations;
  alter table attempts rename to attempts_2;
  ${numberedAttempts}
  insert into attempts (${attemptColumns}) select ${attemptColumns} from attempts_2 order by rowid;
  drop table attempts_2;`,
]

const sumOf = (kind: string) =>
  `(select coalesce(sum(amountMinor), 0) from attempts
    where authorisation = a.providerId and kind = '${kind}' and status = 'succeeded')`
const chargeColumns = `${attemptColumns}, ${sumOf('capture')} capturedMinor, ${sumOf('void')} voidedMinor, ${sumOf('refund')} refundedMinor`

export type Delivery = { number: number; body: string; tries: number; dueAtMs: number }
export type Store = ReturnType<typeof openStore>

/** `synchronous: 'off'` survives a kill of the process but not a loss of power; it is for tests. */
export function openStore(file: string, synchronous: 'full' | 'off') {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true })
  const database = new DatabaseSync(file, { timeout: 5_000 })
  database.exec(`pragma journal_mode = wal; pragma synchronous = ${synchronous};`)
  inTransaction(database, () => bringUpToDate(database))
  return {
    transaction: <T>(work: () => T): T => inTransaction(database, work),
    close: () => database.close(),
    ...attemptsOf(database),
    ...webhooksOf(database),
  }
}

/** Two processes may open one file: whoever comes second finds it done. */
function bringUpToDate(database: DatabaseSync): void {
  const { user_version: version } = database.prepare('pragma user_version').get() as { user_version: number }
  if (version > versions.length)
    throw new Error(`The sandbox's file is of version ${version}, which is newer than this program.`)
  for (const next of versions.slice(version)) database.exec(next)
  database.exec(`pragma user_version = ${versions.length}`)
}

function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('begin immediate')
  try {
    const result = work()
    database.exec('commit')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('rollback')
    throw error
  }
}

function attemptsOf(database: DatabaseSync) {
  const byKey = database.prepare(`select ${attemptColumns} from attempts where key = ?`)
  const page = database.prepare(`select ${attemptColumns} from attempts where key > ? order by key limit ?`)
  const books = database.prepare(
    `select number, providerId, key, kind, status, amountMinor, currency, authorisation
     from attempts where number > ? order by number limit ?`,
  )
  const last = database.prepare('select coalesce(max(number), 0) number from attempts')
  const chargeById = database.prepare(
    `select ${chargeColumns} from attempts a where providerId = ? and kind = 'authorise'`,
  )
  const chargePage = database.prepare(
    `select ${chargeColumns} from attempts a where kind = 'authorise' and key > ? order by key limit ?`,
  )
  const insert = database.prepare(
    `insert into attempts (key, kind, amountMinor, currency, source, authorisation, status, providerId, declineReason)
     values (:key, :kind, :amountMinor, :currency, :source, :authorisation, :status, :providerId, :declineReason)`,
  )
  const showFault = database.prepare('insert into faults_shown (once) values (?) on conflict do nothing')
  return {
    attempt: (key: string) => byKey.get(key) as RecordedAttempt | undefined,
    attempts: ({ after, limit }: PageQuery) => page.all(after, limit) as RecordedAttempt[],
    /** What was decided after the attempt of that number, in order. */
    books: (after: number, limit: number) => books.all(after, limit) as BookedAttempt[],
    lastNumber: () => (last.get() as { number: number }).number,
    charge: (providerId: string) => chargeById.get(providerId) as Charge | undefined,
    charges: ({ after, limit }: PageQuery) => chargePage.all(after, limit) as Charge[],
    record: (attempt: RecordedAttempt) => void insert.run(attempt),
    /** True for the first time only. */
    showFaultOnce: (once: string) => showFault.run(once).changes === 1,
  }
}

function webhooksOf(database: DatabaseSync) {
  const endpoint = database.prepare('select url, secret from webhook_endpoint')
  const setEndpoint = database.prepare(
    `insert into webhook_endpoint (one, url, secret) values (1, ?, ?)
     on conflict (one) do update set url = excluded.url, secret = excluded.secret`,
  )
  const insert = database.prepare('insert into deliveries (body, dueAtMs) values (?, ?)')
  const due = database.prepare(
    'select * from deliveries where givenUp = 0 and dueAtMs <= ? order by dueAtMs, number limit ?',
  )
  const nextDue = database.prepare('select min(dueAtMs) dueAtMs from deliveries where givenUp = 0 and dueAtMs > ?')
  const remove = database.prepare('delete from deliveries where number = ?')
  const postpone = database.prepare('update deliveries set tries = tries + 1, dueAtMs = ? where number = ?')
  const giveUp = database.prepare('update deliveries set tries = tries + 1, givenUp = 1 where number = ?')
  return {
    endpoint: () => endpoint.get() as WebhookEndpoint | undefined,
    setEndpoint: ({ url, secret }: WebhookEndpoint) => void setEndpoint.run(url, secret),
    queueDelivery: (body: string, dueAtMs: number) => void insert.run(body, dueAtMs),
    dueDeliveries: (atMs: number, limit: number) => due.all(atMs, limit) as Delivery[],
    nextDueAfter: (atMs: number) => (nextDue.get(atMs) as { dueAtMs: number | null }).dueAtMs,
    deliveryDone: (number: number) => void remove.run(number),
    deliveryPostponed: (number: number, dueAtMs: number) => void postpone.run(dueAtMs, number),
    deliveryGivenUp: (number: number) => void giveUp.run(number),
  }
}
