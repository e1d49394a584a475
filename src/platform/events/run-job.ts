/**
 * Doing jobs whose rows are due: taking them with one statement, running their handlers, and writing what came of them.
 *
 * A batch shares its round trips and nothing else: each job has its own attempts, its own pauses, its own end. What is
 * done is written when all are through, and each second until then, so that a slow one holds up no other's mark.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { JobContext, type JobRun } from '../calls/contexts.ts'
import type { CallContext } from '../calls/context.ts'
import type { ModuleRuntime } from '../calls/operation.ts'
import { batchPrefix } from '../trace/entries.ts'
import type { Actor } from '../values.ts'
import { type JobHandler, type JobItem, Unrecoverable } from './job.ts'
import { markDone, putOff, renewJobs, TakenOver, type TakenJob, takeJobs } from './job-rows.ts'

/** How long what a module asks by itself may take. */
const ownCallMsMax = 60_000
/** A job that waited this long for its turn within a batch is left to others. */
const turnMsMax = 30_000
const beatMs = 1_000
/**
 * About a week, most of it at ten minutes' pause. What a job waits for outside may be away for longer than some hours, and
 * what is given up is never done.
 */
const attemptsMax = 1_000
/** How many jobs of a batch run side by side. */
const sideBySide = 8

/** A job that was taken, and how its run is told that another has it. */
type Held = { job: TakenJob; lost: AbortController }
/** A job whose payload is understood. */
type Ready = Held & { payload: unknown; handler: JobHandler }
/** What a batch is at: the jobs that it holds, by their ids, and those that are done and not marked yet. */
type Batch = { runtime: ModuleRuntime; held: Map<string, Held>; done: TakenJob[] }
type Task = { group: readonly Held[]; handler: JobHandler | undefined }

/** Does jobs, unless others have them. A failure is written and tried again later, with longer pauses each time. */
export async function runJobs(
  runtime: ModuleRuntime,
  handlers: ReadonlyMap<string, JobHandler>,
  ids: readonly string[],
): Promise<void> {
  const startedAt = performance.now()
  const jobs = await takeJobs(runtime, ids)
  const held = new Map(jobs.map((job) => [job.id, { job, lost: new AbortController() }]))
  const batch: Batch = { runtime, held, done: [] }
  const waiting = tasksOf(batch, handlers)
  const workThrough = async () => {
    for (let task = waiting.shift(); task; task = waiting.shift()) await doTask(batch, task)
  }
  const all = Promise.all(Array.from({ length: Math.min(sideBySide, waiting.length) }, workThrough)).then(() => true)
  for (let isEnded = false; !isEnded;) {
    isEnded = await Promise.race([all, delay(beatMs, false, { ref: false })])
    if (performance.now() - startedAt > turnMsMax)
      for (const { group } of waiting.splice(0)) for (const { job } of group) held.delete(job.id)
    await beat(batch).catch((error: unknown) => {
      if (isEnded) throw error
      // Where the database is away nobody else can take them either; whoever did is met at the next commit.
      runtime.log.debug({ err: error }, 'what became of jobs could not be written; the next beat tries again')
    })
  }
}

/** Writes what is done, keeps what is not, and tells runs that have lost their jobs. */
async function beat({ runtime, held, done }: Batch): Promise<void> {
  const marking = [...done]
  await markDone(runtime, marking)
  done.splice(0, marking.length)
  const renewing = [...held.values()]
  const kept = await renewJobs(
    runtime,
    renewing.map(({ job }) => job),
  )
  for (const { job, lost } of renewing) if (!kept.has(job.id)) lost.abort(new TakenOver())
}

/** What there is to do: each job alone, or together those whose handler wants them so. */
function tasksOf({ held }: Batch, handlers: ReadonlyMap<string, JobHandler>): Task[] {
  const groups = Map.groupBy(held.values(), ({ job }) => {
    const handler = handlers.get(job.name)
    return handler !== undefined && 'handleAll' in handler ? `${job.name}\n${JSON.stringify(job.actor)}` : job.id
  })
  return [...groups.values()].map((group) => ({ group, handler: handlers.get(group[0]!.job.name) }))
}

/** Never fails: what became of each job is written or noted. */
async function doTask(batch: Batch, { group, handler }: Task): Promise<void> {
  const ready: Ready[] = []
  for (const each of group) {
    try {
      if (!handler) throw new Error(`${batch.runtime.name} has no handler for ${each.job.name}.`)
      ready.push({ ...each, handler, payload: handler.job.payload.parse(each.job.payload) as unknown })
    } catch (error) {
      await failed(batch, each, error)
    }
  }
  const isTogether = ready.length > 1 && (await succeedTogether(batch, ready))
  for (const each of ready) if (isTogether || (await succeeds(batch, each))) ended(batch, each)
}

function ended({ held, done }: Batch, { job }: Held): void {
  held.delete(job.id)
  done.push(job)
}

async function succeedTogether({ runtime }: Batch, ready: readonly Ready[]): Promise<boolean> {
  const [{ job, handler }] = ready as [Ready]
  if (!('handleAll' in handler)) return false
  const items: JobItem<unknown>[] = ready.map((each) => ({ id: each.job.id, payload: each.payload }))
  // Several causes have no request in common, and no key under which calls for all of them could be repeated.
  const own = { actor: job.actor, requestId: `${batchPrefix}${job.id}`, key: undefined }
  try {
    await limited(ready, (run) => handler.handleAll(contextOf(runtime, { own, run, handler }), items))
    return true
  } catch (error) {
    runtime.log.warn({ err: error, name: job.name, jobs: ready.length }, 'jobs failed together; each is tried alone')
    return false
  }
}

async function succeeds(batch: Batch, ready: Ready): Promise<boolean> {
  const { job, handler, payload } = ready
  const { id, actor, correlation } = job
  const own = { actor, requestId: `${correlation}/${id}`, correlation, key: id }
  try {
    await limited([ready], (run) => {
      const ctx = contextOf(batch.runtime, { own, run, handler })
      return 'handle' in handler ? handler.handle(ctx, payload) : handler.handleAll(ctx, [{ id, payload }])
    })
    return true
  } catch (error) {
    await failed(batch, ready, error)
    return false
  }
}

function contextOf(
  runtime: ModuleRuntime,
  { own, run, handler }: { own: OwnContext; run: JobRun; handler: JobHandler },
): JobContext {
  const context = jobContext(runtime, own)
  return new JobContext(runtime, { ...context, deadlineAt: Date.now() + handler.timeLimitMs }, run)
}

/** Waits for a run no longer than it may take, and no longer than it has its jobs. What it does after that is not committed. */
async function limited(ready: readonly Ready[], run: (run: JobRun) => Promise<void>): Promise<void> {
  const [{ handler }] = ready as [Ready]
  const { job, timeLimitMs } = handler
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(new Error(`${job.name} took longer than ${timeLimitMs} ms.`)), timeLimitMs)
  const signal = AbortSignal.any([limit.signal, ...ready.map(({ lost }) => lost.signal)])
  const isOver = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
  try {
    signal.throwIfAborted()
    const work = run({ signal, jobs: ready.map((each) => each.job) })
    // A run that is given up may still fail; that failure has nobody left to tell.
    work.catch(() => undefined)
    await Promise.race([work, isOver])
  } finally {
    clearTimeout(timer)
  }
}

async function failed({ runtime, held }: Batch, { job }: Held, error: unknown): Promise<void> {
  const { id, name, attempts } = job
  held.delete(id)
  if (error instanceof TakenOver) return runtime.log.info({ job: id, name, attempts }, error.message)
  const isSpent = attempts >= attemptsMax || error instanceof Unrecoverable
  runtime.log.warn({ err: error, job: id, name, attempts }, isSpent ? 'a job failed for good' : 'a job failed')
  const pauseMs = Math.round(Math.min(500 * 2 ** attempts, 600_000) * (0.75 + Math.random() / 2))
  const message = error instanceof Error ? error.message.slice(0, 2000) : String(error)
  await putOff(runtime, job, { state: isSpent ? 'failed' : 'waiting', error: message, pauseMs }).catch(
    (lost: unknown) => {
      runtime.log.warn(
        { err: lost, job: id },
        'the failure of a job was not written; it is due again when its lease ends',
      )
    },
  )
}

type OwnContext = { actor: Actor; requestId: string; correlation?: string; key: string | undefined }

/** The context in which a module acts by itself. */
export function jobContext(runtime: ModuleRuntime, own: OwnContext): CallContext {
  return {
    ...own,
    caller: runtime.name,
    traceparent: undefined,
    deadlineAt: Date.now() + ownCallMsMax,
    undoesKey: undefined,
    signal: runtime.stopping,
  }
}
