/**
 * Forgetting records that nobody will ask for again: idempotency records, ended sagas and done jobs, after 7 days.
 *
 * In batches, so that no statement is long; and in as many as it takes, for a busy hall makes more than one between two runs.
 */
import type { ModuleDatabase } from '../data/database.ts'

/** How long records are kept. */
export const keepDays = 7
const batchMax = 5000
/** So many that none waits for ever, and so few that a sweep goes on to other things. */
const batchesMax = 40

const expired = (column: string) => `${column} < clock_timestamp() - interval '${keepDays} days'`

const deletions = {
  commands: `DELETE FROM commands WHERE (caller, key) IN
    (SELECT caller, key FROM commands WHERE ${expired('recorded_at')} LIMIT ${batchMax})`,
  sagas: `DELETE FROM sagas WHERE id IN
    (SELECT id FROM sagas WHERE ${expired('recorded_at')} AND state IN ('done', 'undone', 'tombstone') LIMIT ${batchMax})`,
  jobs: `DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE ${expired('ended_at')} AND state = 'done' LIMIT ${batchMax})`,
}

/** Deletes what has expired of each kind, and returns how many of each. */
export async function forgetExpired({ pool }: Pick<ModuleDatabase, 'pool'>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const [table, text] of Object.entries(deletions)) {
    counts[table] = 0
    for (let batch = 1, deleted = batchMax; deleted === batchMax && batch <= batchesMax; batch += 1) {
      deleted = (await pool.query(text)).rowCount ?? 0
      counts[table] += deleted
    }
  }
  return counts
}
