/** Doing a job whose row is due: taking it, running its handler, and writing what came of it. */
import { JobContext } from '../calls/contexts.ts'
import type { CallContext } from '../calls/context.ts'
import type { ModuleRuntime } from '../calls/operation.ts'
import type { Actor } from '../values.ts'
import type { JobHandler } from './job.ts'

/** How long a job may take; after that it counts as lost and is carried again. */
export const jobMsMax = 60_000
const attemptsMax = 20

const statements = {
  take: {
    name: 'platform_job_take',
    text: `UPDATE jobs SET attempts = attempts + 1, due_at = clock_timestamp() + $2::bigint * interval '1 ms'
           WHERE id = $1 AND state = 'waiting' AND due_at <= clock_timestamp()
           RETURNING name, payload, actor, correlation, attempts`,
  },
  done: {
    name: 'platform_job_done',
    text: `UPDATE jobs SET state = 'done', error = NULL, ended_at = clock_timestamp() WHERE id = $1`,
  },
  again: {
    name: 'platform_job_again',
    text: `UPDATE jobs SET state = $2, error = $3, due_at = clock_timestamp() + $4::bigint * interval '1 ms'
           WHERE id = $1 AND state = 'waiting' AND attempts = $5`,
  },
  due: {
    name: 'platform_jobs_due',
    text: `SELECT id, attempts FROM jobs WHERE state = 'waiting' AND due_at <= clock_timestamp() ORDER BY due_at LIMIT $1`,
  },
}

type Taken = { name: string; payload: unknown; actor: Actor; correlation: string; attempts: number }

/** The jobs that are due, longest waiting first. */
export async function dueJobs({ database }: ModuleRuntime, limit: number): Promise<{ id: string; attempts: number }[]> {
  const { rows } = await database.pool.query<{ id: string; attempts: number }>({ ...statements.due, values: [limit] })
  return rows
}

/** Does a job, unless another has it. A failure is written and tried again later, with longer pauses each time. */
export async function runJob(
  runtime: ModuleRuntime,
  handlers: ReadonlyMap<string, JobHandler>,
  id: string,
): Promise<void> {
  const { pool } = runtime.database
  const { rows } = await pool.query<Taken>({ ...statements.take, values: [id, jobMsMax] })
  const job = rows[0]
  if (!job) return
  try {
    const handler = handlers.get(job.name)
    if (!handler) throw new Error(`${runtime.name} has no handler for ${job.name}.`)
    const context = jobContext(runtime, { actor: job.actor, requestId: `${job.correlation}/${id}`, key: id })
    const [ctx, payload] = [new JobContext(runtime, context), handler.job.payload.parse(job.payload) as unknown]
    await ('handle' in handler ? handler.handle(ctx, payload) : handler.handleAll(ctx, [{ id, payload }]))
    await pool.query({ ...statements.done, values: [id] })
  } catch (error) {
    const isSpent = job.attempts >= attemptsMax
    runtime.log.warn(
      { err: error, job: id, name: job.name, attempts: job.attempts },
      isSpent ? 'a job failed for good' : 'a job failed',
    )
    const pauseMs = Math.min(500 * 2 ** job.attempts, 600_000) * (0.75 + Math.random() / 2)
    const message = error instanceof Error ? error.message.slice(0, 2000) : String(error)
    await pool.query({
      ...statements.again,
      // A run that was too slow has been taken over by now; what came of that one counts.
      values: [id, isSpent ? 'failed' : 'waiting', message, Math.round(pauseMs), job.attempts],
    })
  }
}

/** The context in which a module acts by itself. */
export function jobContext(
  runtime: ModuleRuntime,
  own: { actor: Actor; requestId: string; key: string | undefined },
): CallContext {
  return {
    ...own,
    caller: runtime.name,
    traceparent: undefined,
    deadlineAt: Date.now() + jobMsMax,
    undoesKey: undefined,
    signal: runtime.stopping,
  }
}
