/**
 * A journal is kept for ever, in a partition per month, made ahead. The default partition takes what has none, so that nothing
 * ever stops: a month that has begun there stays there.
 *
 * Tables belong to the database's login, so it is that which makes them, on a connection of the module that steps out of its role
 * for the length of a transaction.
 */
import type { ModuleDatabase } from '../data/database.ts'

const monthsAhead = 3
/** Whoever announces waits as long for the lock that a new partition takes. */
const lockMsMax = 2_000

const statements = {
  // `begun`: what is in the default partition already cannot be in a partition of its own.
  wanted: `
    SELECT to_char(month, 'YYYY-MM-DD') AS first, to_char(month + interval '1 month', 'YYYY-MM-DD') AS next,
           'journal_' || to_char(month, 'YYYY_MM') AS name, current_user AS role,
           EXISTS (SELECT 1 FROM journal_default d WHERE d.month >= w.month AND d.month < w.month + interval '1 month') AS begun
    FROM generate_series(date_trunc('month', now()), date_trunc('month', now()) + $1 * interval '1 month', '1 month') AS w (month)
    WHERE to_regclass(quote_ident(current_schema()) || '.journal_' || to_char(month, 'YYYY_MM')) IS NULL ORDER BY month`,
}

type Wanted = { first: string; next: string; name: string; role: string; begun: boolean }

/** Makes the partitions of this month and the next three that are missing. Repeating it is harmless, also at the same time. */
export async function makePartitions(database: ModuleDatabase): Promise<{ made: number; begun: number }> {
  const { rows } = await database.pool.query<Wanted>(statements.wanted, [monthsAhead])
  const missing = rows.filter(({ begun }) => !begun)
  for (const wanted of missing) await makePartition(database, wanted)
  return { made: missing.length, begun: rows.length - missing.length }
}

async function makePartition(database: ModuleDatabase, { first, next, name, role }: Wanted): Promise<void> {
  await database.transaction(async ({ client }) => {
    const [schema, partition] = [client.escapeIdentifier(database.module), client.escapeIdentifier(name)]
    // What another process is making is waited for, and is there then.
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`${database.module}.${name}`])
    await client.query(`SET LOCAL lock_timeout = ${lockMsMax}`)
    await client.query('SET LOCAL ROLE NONE')
    await client.query(
      `CREATE TABLE IF NOT EXISTS ${schema}.${partition} PARTITION OF ${schema}.journal FOR VALUES FROM ('${first}') TO ('${next}')`,
    )
    await client.query(
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ${schema}.${partition} TO ${client.escapeIdentifier(role)}`,
    )
  })
}
