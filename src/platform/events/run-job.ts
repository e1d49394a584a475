/**
 * Doing jobs whose rows are due: taking them with one statement, running their handlers, and writing what came of them.
 *
 * A batch shares its round trips and nothing else: each job has its own attempts, its own pauses, its own end. What is
 * done is written when all are through, and each second until then, so that a slow one holds up no other's mark.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { JobContext } from '../calls/contexts.ts'
import type { CallContext } from '../calls/context.ts'
import type { ModuleRuntime } from '../calls/operation.ts'
import { isConnectionLoss } from '../data/database.ts'
import { batchPrefix } from '../trace/entries.ts'
import type { Actor } from '../values.ts'
import { type JobHandler, type JobItem, Unrecoverable } from './job.ts'

/** How long a job may take; after that it counts as lost and is carried again. */
export const jobMsMax = 60_000
/** A job that waited this long for its turn within a batch is left to a later one, well before it counts as lost. */
const turnMsMax = 30_000
const markMs = 1_000
/**
 * About a week, most of it at ten minutes' pause. What a job waits for outside may be away for longer than some hours, and
 * what is given up is never done.
 */
const attemptsMax = 1_000
const writeTriesMax = 6
const writePauseMs = 50
/** How many jobs of a batch run side by side. */
const sideBySide = 8

const statements = {
  // Locked in one order, and passing over what another process is at: two that were told the same share it.
  take: {
    name: 'platform_jobs_take',
    text: `UPDATE jobs SET attempts = attempts + 1, due_at = clock_timestamp() + $2::bigint * interval '1 ms'
           WHERE id IN (SELECT id FROM jobs WHERE id = ANY($1::text[]) AND state = 'waiting' AND due_at <= clock_timestamp()
                        ORDER BY id FOR UPDATE SKIP LOCKED)
           RETURNING id, name, payload, actor, correlation, attempts`,
  },
  done: {
    name: 'platform_jobs_done',
    // A run that was too slow has been taken over by now; what comes of that one counts.
    text: `UPDATE jobs j SET state = 'done', error = NULL, ended_at = clock_timestamp()
           FROM unnest($1::text[], $2::int[]) AS d (id, attempts)
           WHERE j.id = d.id AND j.attempts = d.attempts AND j.state = 'waiting'`,
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

export type DueJob = { id: string; attempts: number }
type Taken = DueJob & { name: string; payload: unknown; actor: Actor; correlation: string }
/** A job that was taken, its payload understood. */
type Ready = { job: Taken; payload: unknown; handler: JobHandler }

/** The jobs that are due, longest waiting first. */
export async function dueJobs({ database }: ModuleRuntime, limit: number): Promise<DueJob[]> {
  const { rows } = await database.pool.query<DueJob>({ ...statements.due, values: [limit] })
  return rows
}

/** Does jobs, unless others have them. A failure is written and tried again later, with longer pauses each time. */
export async function runJobs(
  runtime: ModuleRuntime,
  handlers: ReadonlyMap<string, JobHandler>,
  ids: readonly string[],
): Promise<void> {
  const { pool } = runtime.database
  const startedAt = performance.now()
  const { rows: jobs } = await pool.query<Taken>({ ...statements.take, values: [ids, jobMsMax] })
  const done: DueJob[] = []
  const work = tasksOf(runtime, handlers, jobs).map((task) => () => task(done))
  const queue = work.values()
  const workThrough = async () => {
    for (const task of queue) if (performance.now() - startedAt < turnMsMax) await task()
  }
  const all = Promise.all(Array.from({ length: Math.min(sideBySide, work.length) }, workThrough)).then(() => true)
  for (let isEnded = false; !isEnded;) {
    isEnded = await Promise.race([all, delay(markMs, false, { ref: false })])
    const ended = done.splice(0)
    const values = [ended.map(({ id }) => id), ended.map(({ attempts }) => attempts)]
    if (ended.length > 0) await write(runtime, { ...statements.done, values })
  }
}

/** What there is to do: each job alone, or together those whose handler wants them so. A task never fails. */
function tasksOf(
  runtime: ModuleRuntime,
  handlers: ReadonlyMap<string, JobHandler>,
  jobs: readonly Taken[],
): ((done: DueJob[]) => Promise<void>)[] {
  const groups = Map.groupBy(jobs, (job) => {
    const handler = handlers.get(job.name)
    return handler !== undefined && 'handleAll' in handler ? `${job.name}\n${JSON.stringify(job.actor)}` : job.id
  })
  return [...groups.values()].map((group) => async (done: DueJob[]) => {
    const ready: Ready[] = []
    for (const job of group) {
      try {
        const handler = handlers.get(job.name)
        if (!handler) throw new Error(`${runtime.name} has no handler for ${job.name}.`)
        ready.push({ job, handler, payload: handler.job.payload.parse(job.payload) as unknown })
      } catch (error) {
        await putOff(runtime, job, error)
      }
    }
    if (ready.length > 1 && (await succeedTogether(runtime, ready))) done.push(...ready.map(({ job }) => job))
    else for (const each of ready) if (await succeeds(runtime, each)) done.push(each.job)
  })
}

async function succeedTogether(runtime: ModuleRuntime, ready: readonly Ready[]): Promise<boolean> {
  const [{ job, handler }] = ready as [Ready]
  if (!('handleAll' in handler)) return false
  const items: JobItem<unknown>[] = ready.map((each) => ({ id: each.job.id, payload: each.payload }))
  // Several causes have no request in common, and no key under which calls for all of them could be repeated.
  const context = jobContext(runtime, { actor: job.actor, requestId: `${batchPrefix}${job.id}`, key: undefined })
  try {
    await limited(handler, (limit) => handler.handleAll(new JobContext(runtime, context, limit), items))
    return true
  } catch (error) {
    runtime.log.warn({ err: error, name: job.name, jobs: ready.length }, 'jobs failed together; each is tried alone')
    return false
  }
}

async function succeeds(runtime: ModuleRuntime, { job, handler, payload }: Ready): Promise<boolean> {
  const { id, actor, correlation } = job
  const context = jobContext(runtime, { actor, requestId: `${correlation}/${id}`, correlation, key: id })
  try {
    await limited(handler, (limit) => {
      const ctx = new JobContext(runtime, context, limit)
      return 'handle' in handler ? handler.handle(ctx, payload) : handler.handleAll(ctx, [{ id, payload }])
    })
    return true
  } catch (error) {
    await putOff(runtime, job, error)
    return false
  }
}

/** Waits for a run no longer than it may take. What it does after that is not committed. */
async function limited({ job, timeLimitMs }: JobHandler, run: (limit: AbortSignal) => Promise<void>): Promise<void> {
  const limit = new AbortController()
  const tooLong = new Error(`${job.name} took longer than ${timeLimitMs} ms.`)
  const timer = setTimeout(() => limit.abort(tooLong), timeLimitMs)
  const isOver = new Promise<never>((_, reject) => {
    limit.signal.addEventListener('abort', () => reject(tooLong), { once: true })
  })
  const work = run(limit.signal)
  try {
    await Promise.race([work, isOver])
  } finally {
    clearTimeout(timer)
    // A run that is given up may still fail; that failure has nobody left to tell.
    work.catch(() => undefined)
  }
}

async function putOff(runtime: ModuleRuntime, { id, name, attempts }: Taken, error: unknown): Promise<void> {
  const isSpent = attempts >= attemptsMax || error instanceof Unrecoverable
  runtime.log.warn({ err: error, job: id, name, attempts }, isSpent ? 'a job failed for good' : 'a job failed')
  const pauseMs = Math.min(500 * 2 ** attempts, 600_000) * (0.75 + Math.random() / 2)
  const message = error instanceof Error ? error.message.slice(0, 2000) : String(error)
  const values = [id, isSpent ? 'failed' : 'waiting', message, Math.round(pauseMs), attempts]
  await write(runtime, { ...statements.again, values }).catch((lost: unknown) => {
    runtime.log.warn(
      { err: lost, job: id },
      'the failure of a job was not written; it is due again when its time is up',
    )
  })
}

/** Writes what came of jobs. A connection that was lost a moment ago would cost them a minute: it is tried for some seconds. */
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

/** The context in which a module acts by itself. */
export function jobContext(
  runtime: ModuleRuntime,
  own: { actor: Actor; requestId: string; correlation?: string; key: string | undefined },
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
