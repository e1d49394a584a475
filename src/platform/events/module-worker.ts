/**
 * The background work of one module in one process: sequencing and pushing its events, applying those that it listens
 * to, its jobs, its open sagas, its schedules.
 *
 * Everything here may run in several processes at once, and may be killed at any line: what is pushed is only a hurry,
 * and the sweep finds, from the tables alone, whatever was forgotten.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { ModuleAssembly } from '../calls/implement.ts'
import type { ModuleRuntime } from '../calls/operation.ts'
import { resumeOpenSagas } from '../saga/run-saga.ts'
import { cursorsOf, type LaneBatch, type Listening, listeningOf } from './apply.ts'
import { applyOrPull, type Pull, pulledMax } from './catch-up.ts'
import type { JournalEvent, Listener } from './event.ts'
import { FailureLog } from './failure-log.ts'
import { chunksOf, Pusher, type PushTarget } from './push.ts'
import { type JournalHeads, journalWaits, sequence } from './journal.ts'
import { pauseAfterPass } from './pass-pause.ts'
import type { JobHandler, Schedule } from './job.ts'
import { QueuesAway } from './queue-outage.ts'
import type { Carrier } from './queues.ts'
import { platformSchedules } from './platform-schedules.ts'
import { runSchedule } from './run-schedule.ts'
import { type DueJob, dueJobs, jobContext, runJobs } from './run-job.ts'

/** Reads another module's journal, near or far. The signal ends the waiting for one that does not answer. */
export type JournalReader = {
  after(
    source: string,
    from: { lane: number; position: number; limit: number },
    signal: AbortSignal,
  ): Promise<JournalEvent[]>
  heads(source: string, signal: AbortSignal): Promise<JournalHeads>
}

export type ModuleWorkerOptions = {
  runtime: ModuleRuntime
  assembly: ModuleAssembly
  carrier: Carrier
  reader: JournalReader
  /** The modules whose journals this one reads: it listens to them, or they send it jobs. */
  sources: readonly string[]
  /** The modules that read this one's journal. */
  listenedBy: readonly PushTarget[]
  /** Whether this worker looks, each second, for what was forgotten. Only a test of the queues alone goes without. */
  sweeps: boolean
}

/** What was done in a round; all zero means that nothing is left to do. */
export type Round = { sequenced: number; applied: number; jobs: number; sagas: number }

const sweepMs = 1000
const jobsMax = 200
/** How many jobs one job of the queue carries. */
const jobsCarriedMax = 50
/** How long a job that was carried is not carried again, unless it was tried since. */
const carriedMs = 3_000
const sagasMax = 20

const carriedAs = ({ id, attempts }: DueJob): string => `${id}-${attempts}`

export class ModuleWorker {
  readonly #options: ModuleWorkerOptions
  readonly #listening = new Map<string, Map<string, Listener>>()
  readonly #jobs = new Map<string, JobHandler>()
  readonly #lastCursors = new Map<string, string>()
  readonly #pusher: Pusher
  readonly #failures: FailureLog
  readonly #lastRuns = new Map<string, number>()
  readonly #carried = new Map<string, number>()
  #passing: Promise<unknown> | undefined
  #wrote = { events: 0, jobs: 0 }
  /** The jobs that are due and were not carried: they are done by the sweep. */
  #uncarried: string[] = []
  #sweeping: Promise<unknown> = Promise.resolve()
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor(options: ModuleWorkerOptions) {
    this.#options = options
    const { runtime, carrier, listenedBy: targets } = options
    this.#failures = new FailureLog(runtime.log)
    this.#pusher = new Pusher({ source: runtime.name, targets, carrier, log: runtime.log })
    for (const source of options.sources) this.#listening.set(source, new Map())
    for (const [source, listening] of listeningOf(runtime.name, options.assembly.listeners ?? []))
      this.#listening.set(source, listening)
    for (const handler of options.assembly.jobs ?? []) this.#jobs.set(handler.job.name, handler)
  }

  /** The modules whose journals this one reads. */
  get sources(): string[] {
    return [...this.#listening.keys()]
  }

  /** Whether there is a queue to work: a module without listeners and jobs needs none. */
  get worksQueue(): boolean {
    return this.#listening.size > 0 || this.#jobs.size > 0
  }

  async start(): Promise<void> {
    const { carrier, runtime } = this.#options
    if (this.worksQueue) await carrier.work(runtime.name, (name, data) => this.#receive(name, data))
    this.#scheduleSweep()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#timer)
    await this.#sweeping
    await this.#passing
    this.#pusher.stop()
  }

  /** After a commit that announced or enqueued: a debounced pass. */
  wake({ events, jobs }: { events: number; jobs: number }): void {
    this.#wrote.events += events
    this.#wrote.jobs += jobs
    if (this.#stopped || this.#passing || events + jobs === 0) return
    this.#passing = this.#pass().finally(() => {
      this.#passing = undefined
      this.wake(this.#takeWrote())
    })
  }

  #takeWrote(): { events: number; jobs: number } {
    const wrote = this.#wrote
    this.#wrote = { events: 0, jobs: 0 }
    return wrote
  }

  /** Does everything that is to be done now, once, without queues or timers. Tests end a flow with it. */
  async round(options: { resumeSagas: boolean }): Promise<Round> {
    const { runtime } = this.#options
    const sequenced = (await journalWaits(runtime.database)) ? (await sequence(runtime.database)).length : 0
    let applied = 0
    for (const source of this.sources) applied += await this.#pullBehind(source, { patient: false })
    const due = await dueJobs(runtime, jobsMax)
    const ids = due.map(({ id }) => id)
    for (const chunk of chunksOf(ids, jobsCarriedMax)) await runJobs(runtime, this.#jobs, chunk)
    const sagas = options.resumeSagas ? await this.#resumeSagas() : 0
    return { sequenced, applied, jobs: due.length, sagas }
  }

  async #pass(): Promise<void> {
    const wrote = this.#takeWrote()
    let sequenced = 0
    try {
      if (wrote.events > 0) sequenced = await this.#sequence()
      if (wrote.jobs > 0) await this.#carryJobs()
    } catch (error) {
      this.#tellFailed(error, 'events or jobs could not be carried; the sweep will')
    }
    if (!this.#stopped) await delay(pauseAfterPass(sequenced + wrote.jobs), undefined, { ref: false })
  }

  async #sequence(): Promise<number> {
    const events = await sequence(this.#options.runtime.database)
    await this.#pusher.push(events)
    return events.length
  }

  async #carryJobs(): Promise<void> {
    if (this.#jobs.size === 0) return
    const { carrier, runtime } = this.#options
    const due = this.#notCarried(await dueJobs(runtime, jobsMax))
    if (due.length === 0) return
    const ids = due.map(({ id }) => id)
    this.#uncarried = ids
    await carrier.add(
      runtime.name,
      chunksOf(ids, jobsCarriedMax).map((chunk) => ({ name: 'jobs', data: { ids: chunk } })),
    )
    this.#uncarried = []
    for (const job of due) this.#carried.set(carriedAs(job), performance.now())
  }

  /** Does here what no queue would take, a batch at a time. */
  async #doUncarried(): Promise<void> {
    const ids = this.#uncarried.splice(0, jobsCarriedMax)
    if (ids.length > 0) await runJobs(this.#options.runtime, this.#jobs, ids)
  }

  /** Leaves out what a queue that is behind still holds, or has lost a moment ago. */
  #notCarried(due: readonly DueJob[]): DueJob[] {
    const longAgo = performance.now() - carriedMs
    for (const [job, carriedAt] of this.#carried) if (carriedAt < longAgo) this.#carried.delete(job)
    return due.filter((job) => !this.#carried.has(carriedAs(job)))
  }

  async #receive(name: string, data: unknown): Promise<void> {
    const { runtime } = this.#options
    if (name === 'jobs') {
      await runJobs(runtime, this.#jobs, (data as { ids: string[] }).ids)
      return
    }
    const { source, batches } = data as { source: string; batches: LaneBatch[] }
    const listening = this.#listening.get(source)
    // A queue may still hold what an earlier release listened to.
    if (listening) await this.#applyOrPull(source, listening, batches)
  }

  #applyOrPull(source: string, listening: Listening, batches: readonly LaneBatch[]): Promise<number> {
    const { runtime, reader } = this.#options
    const pull: Pull = (from) => reader.after(source, from, this.#stopping.signal)
    return applyOrPull(runtime, { source, listening, pull }, batches)
  }

  /** Pulls what a source has announced and this module has not applied. Patient, it leaves a moving cursor alone. */
  async #pullBehind(source: string, { patient }: { patient: boolean }): Promise<number> {
    const { runtime, reader } = this.#options
    const listening = this.#listening.get(source)!
    const [{ lanes }, cursors] = await Promise.all([
      reader.heads(source, this.#stopping.signal),
      cursorsOf(runtime, source),
    ])
    const pulled: LaneBatch[] = []
    for (const { lane, head } of lanes) {
      const cursor = cursors.get(lane) ?? 0
      const lastSeen = this.#lastCursors.get(`${source}/${lane}`)
      this.#lastCursors.set(`${source}/${lane}`, `${cursor}`)
      if (cursor >= head || (patient && lastSeen !== `${cursor}`)) continue
      const from = { lane, position: cursor, limit: pulledMax }
      const events = await reader.after(source, from, this.#stopping.signal)
      if (events.length > 0) pulled.push({ lane, events })
    }
    return this.#applyOrPull(source, listening, pulled)
  }

  #scheduleSweep(): void {
    if (this.#stopped || !this.#options.sweeps) return
    this.#timer = setTimeout(() => {
      this.#sweeping = this.#sweep().finally(() => this.#scheduleSweep())
    }, sweepMs)
  }

  /**
   * Finds, from the tables alone, what a crash, an outage or a wiped queue left behind. A queue or a source that is out
   * holds up none of the rest; the sources come last, since one that does not answer is waited for.
   */
  async #sweep(): Promise<void> {
    const { runtime, assembly } = this.#options
    const parts: (() => Promise<unknown>)[] = [
      async () => ((await journalWaits(runtime.database)) ? this.#sequence() : 0),
      () => this.#carryJobs(),
      () => this.#resumeSagas(),
      ...[...(assembly.schedules ?? []), ...platformSchedules(runtime.database)].map(
        (schedule) => () => this.#runIfDue(schedule),
      ),
      ...this.sources.map((source) => () => this.#pullBehind(source, { patient: true })),
      () => this.#doUncarried(),
    ]
    for (const part of parts) {
      if (this.#stopped) return
      await part().catch((error: unknown) => {
        this.#tellFailed(error, 'a part of a sweep failed; the next one tries again')
      })
    }
  }

  #tellFailed(error: unknown, message: string): void {
    if (!this.#stopped && !(error instanceof QueuesAway)) this.#failures.tell(error, message)
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted
  }

  #resumeSagas(): Promise<number> {
    const { runtime } = this.#options
    return resumeOpenSagas(runtime, { limit: sagasMax, contextFor: () => this.#context('sweep') })
  }

  /** Runs a schedule that is due, unless another process is at it. */
  async #runIfDue(schedule: Schedule): Promise<void> {
    const { runtime } = this.#options
    const { name, everyMs } = schedule
    const last = this.#lastRuns.get(name)
    const now = Date.now()
    // The first run waits its turn too: a process that starts has enough to do.
    if (last === undefined) this.#lastRuns.set(name, now)
    if (last === undefined || now - last < everyMs) return
    this.#lastRuns.set(name, now)
    await runSchedule(runtime, schedule, this.#context(`schedule:${name}`))
  }

  #context(id: string) {
    const { runtime } = this.#options
    const requestId = runtime.newId('req', { module: runtime.name, requestId: id })
    return jobContext(runtime, { actor: { kind: 'system', id: runtime.name }, requestId, key: undefined })
  }
}
