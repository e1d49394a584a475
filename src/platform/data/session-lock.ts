/** Work that takes many transactions, done by one process at a time: a session's lock says so. */
import type { ModuleDatabase } from './database.ts'

/** Does the work, unless another process is at it. Returns whether it was done here. */
export async function unlessBusy(
  { pool }: Pick<ModuleDatabase, 'pool'>,
  lockName: string,
  work: () => Promise<unknown>,
): Promise<boolean> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    const lock = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS held', [
      lockName,
    ])
    if (!lock.rows[0]!.held) return false
    try {
      await work()
      return true
    } finally {
      // A connection that cannot give the lock back is closed, and the lock with it.
      await client
        .query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [lockName])
        .catch((error: Error) => (broken = error))
    }
  } finally {
    client.release(broken)
  }
}
