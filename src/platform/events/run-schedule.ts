/** Doing what a schedule is due for, in one process at a time. */
import { JobContext } from '../calls/contexts.ts'
import type { CallContext } from '../calls/context.ts'
import type { ModuleRuntime } from '../calls/operation.ts'
import type { Schedule } from './job.ts'

/** Runs a schedule once, unless another process is at it: a session's lock says so, since the work may take many transactions. */
export async function runSchedule(
  runtime: ModuleRuntime,
  { name, run }: Schedule,
  context: CallContext,
): Promise<void> {
  const lockName = `schedule\n${runtime.name}\n${name}`
  const client = await runtime.database.pool.connect()
  let broken: Error | undefined
  try {
    const lock = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS held', [
      lockName,
    ])
    if (!lock.rows[0]!.held) return
    try {
      const counts = await run(new JobContext(runtime, context))
      runtime.log.debug({ schedule: name, counts }, 'a schedule ran')
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
