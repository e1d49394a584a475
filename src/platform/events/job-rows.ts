/**
 * The rows of a module's jobs: taking those that are due, keeping them while they are done, and writing what came of them.
 *
 * A job that is taken is due again when its lease ends, and the process that is at it renews the lease each second: what a
 * process was at that died is soon taken by another. The number of attempts is the token of a run. Whatever a run writes
 * names it, so that one that was taken over, such as by a process that was frozen, finds no row to write.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { ModuleRuntime } from '../calls/operation.ts'
import { isConnectionLoss, type Transaction } from '../data/database.ts'
import type { Actor } from '../values.ts'

/** How long nobody need hear of a job that was taken before it is due again. */
const leaseMs = 10_000
const writeTriesMax = 6
const writePauseMs = 50

const statements = {
  due: {
    name: 'platform_jobs_due',
    text: `SELECT id, attempts FROM jobs WHERE state = 'waiting' AND due_at <= clock_timestamp() ORDER BY due_at LIMIT $1`,
  },
  take: {
    name: 'platform_jobs_take',
    // Locked in one order, and passing over what another process is at: two that were told the same share it.
    text: `UPDATE jobs SET attempts = attempts + 1, due_at = clock_timestamp() + ${leaseMs} * interval '1 ms'
           WHERE id IN (SELECT id FROM jobs WHERE id = ANY($1::text[]) AND state = 'waiting' AND due_at <= clock_timestamp()
                        ORDER BY id FOR UPDATE SKIP LOCKED)
           RETURNING id, name, payload, actor, correlation, attempts`,
  },
  renew: {
    name: 'platform_jobs_renew',
    // The later of the two: a job that was put off in the meantime waits its pause.
    text: `UPDATE jobs j SET due_at = greatest(j.due_at, clock_timestamp() + ${leaseMs} * interval '1 ms')
           FROM unnest($1::text[], $2::int[]) AS r (id, attempts)
           WHERE j.id = r.id AND j.attempts = r.attempts AND j.state = 'waiting' RETURNING j.id`,
  },
  hold: {
    name: 'platform_jobs_hold',
    // Against whoever takes a job this lock stands, and whoever renews it passes.
    text: `SELECT count(*)::int AS held FROM (
             SELECT FROM jobs j JOIN unnest($1::text[], $2::int[]) AS r (id, attempts) ON j.id = r.id AND j.attempts = r.attempts
             WHERE j.state = 'waiting' FOR KEY SHARE OF j) AS kept`,
  },
  done: {
    name: 'platform_jobs_done',
    text: `UPDATE jobs j SET state = 'done', error = NULL, ended_at = clock_timestamp()
           FROM unnest($1::text[], $2::int[]) AS d (id, attempts)
           WHERE j.id = d.id AND j.attempts = d.attempts AND j.state = 'waiting'`,
  },
  putOff: {
    name: 'platform_job_put_off',
    text: `UPDATE jobs SET state = $2, error = $3, due_at = clock_timestamp() + $4::bigint * interval '1 ms'
           WHERE id = $1 AND state = 'waiting' AND attempts = $5`,
  },
}

/** A job, and how often it was taken. */
export type DueJob = { id: string; attempts: number }
export type TakenJob = DueJob & { name: string; payload: unknown; actor: Actor; correlation: string }

/** Another run has the job: this one must stop, and commits nothing. */
export class TakenOver extends Error {
  override name = 'TakenOver'

  constructor() {
    super('The job was taken over by another run.')
  }
}

/** The jobs that are due, longest waiting first. */
export async function dueJobs({ database }: ModuleRuntime, limit: number): Promise<DueJob[]> {
  const { rows } = await database.pool.query<DueJob>({ ...statements.due, values: [limit] })
  return rows
}

/** Takes jobs, unless they are not due or others have them. */
export async function takeJobs({ database }: ModuleRuntime, ids: readonly string[]): Promise<TakenJob[]> {
  const { rows } = await database.pool.query<TakenJob>({ ...statements.take, values: [ids] })
  return rows
}

/** Renews the leases of jobs. Returns the ids of those that are still these runs'. */
export async function renewJobs({ database }: ModuleRuntime, jobs: readonly DueJob[]): Promise<Set<string>> {
  if (jobs.length === 0) return new Set()
  const { rows } = await database.pool.query<{ id: string }>({ ...statements.renew, values: columnsOf(jobs) })
  return new Set(rows.map(({ id }) => id))
}

/**
 * Sends, with the beginning of a transaction, the statement that keeps others from taking these jobs until its end.
 * What it returns is waited for before the commit; it throws where one of them was taken over.
 */
export function holdJobs({ client }: Transaction, jobs: readonly DueJob[]): () => Promise<void> {
  const sent = client.query<{ held: number }>({ ...statements.hold, values: columnsOf(jobs) })
  sent.catch(() => undefined)
  return async () => {
    if ((await sent).rows[0]!.held < jobs.length) throw new TakenOver()
  }
}

export async function markDone(runtime: ModuleRuntime, jobs: readonly DueJob[]): Promise<void> {
  if (jobs.length > 0) await write(runtime, { ...statements.done, values: columnsOf(jobs) })
}

/** Writes the failure of a job: it waits that long and is tried again, or has failed for good. */
export function putOff(
  runtime: ModuleRuntime,
  { id, attempts }: DueJob,
  how: { state: 'waiting' | 'failed'; error: string; pauseMs: number },
): Promise<void> {
  return write(runtime, { ...statements.putOff, values: [id, how.state, how.error, how.pauseMs, attempts] })
}

const columnsOf = (jobs: readonly DueJob[]): [string[], number[]] => [
  jobs.map(({ id }) => id),
  jobs.map(({ attempts }) => attempts),
]

/** A connection that was lost a moment ago would cost what came of jobs, and have them done twice: it is tried for some seconds. */
async function write({ database }: ModuleRuntime, statement: { name: string; text: string; values: unknown[] }) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await database.pool.query(statement)
      return
    } catch (error) {
      if (!isConnectionLoss(error) || attempt >= writeTriesMax) throw error
      await delay(writePauseMs * 2 ** attempt)
    }
  }
}
