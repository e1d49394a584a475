/**
 * The background work of one module in one process: sequencing and pushing its events, following those that it listens
 * to, its jobs, its open sagas, its schedules.
 *
 * Everything here may run in several processes at once, and may be killed at any line: what is pushed is only a hurry,
 * and the sweep finds, from the tables alone, whatever was forgotten.
 */
import type { ModuleAssembly } from '../calls/implement.ts'
import type { ModuleRuntime } from '../calls/operation.ts'
import { Rebuilder } from '../rebuild/rebuilder.ts'
import { resumeOpenSagas } from '../saga/run-saga.ts'
import { type LaneBatch, listeningOf } from './apply.ts'
import { DueJobs } from './due-jobs.ts'
import type { Duties } from './duties.ts'
import type { JournalEvent } from './event.ts'
import { FailureLog } from './failure-log.ts'
import { Follower, type JournalReader } from './follower.ts'
import { journalWaits, sequence, sequencedMax } from './journal.ts'
import { Passes, type Wrote } from './passes.ts'
import { platformSchedules } from './platform-schedules.ts'
import { Pusher, type PushTarget } from './push.ts'
import { QueuesAway } from './queue-outage.ts'
import type { Carrier } from './queues.ts'
import { jobContext } from './run-job.ts'
import { Recurring } from './run-schedule.ts'

export type ModuleWorkerOptions = {
  runtime: ModuleRuntime
  assembly: ModuleAssembly
  carrier: Carrier
  reader: JournalReader
  /** The modules whose journals this one reads: it listens to them, or they send it jobs. */
  sources: readonly string[]
  /** The modules that read this one's journal. */
  listenedBy: readonly PushTarget[]
  /** What of the background work is done here. */
  duties: Duties
  /** Whether this worker looks, each second, for what was forgotten. Only a test of the queues alone goes without. */
  sweeps: boolean
}

/** What was done in a round; all zero means that nothing is left to do. */
export type Round = { sequenced: number; applied: number; jobs: number; sagas: number; rebuilds: number }

const sweepMs = 1000
const sagasMax = 20

export class ModuleWorker {
  readonly #options: ModuleWorkerOptions
  readonly #followers: Map<string, Follower>
  readonly #jobs: DueJobs
  readonly #passes: Passes
  readonly #pusher: Pusher
  readonly #failures: FailureLog
  readonly #recurring: readonly Recurring[]
  /** Where the module's tables can be made again. */
  readonly #rebuilder: Rebuilder | undefined
  readonly #stopping = new AbortController()
  #sweeping: Promise<unknown> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  constructor(options: ModuleWorkerOptions) {
    this.#options = options
    const { runtime, carrier, reader, assembly, listenedBy: targets } = options
    const stopping = this.#stopping.signal
    const listening = listeningOf(runtime.name, assembly.listeners ?? [])
    const sources = [...new Set([...options.sources, ...listening.keys()])]
    const tellFailed = (error: unknown, message: string) => this.#tellFailed(error, message)
    const follow = (source: string) =>
      new Follower({ runtime, source, listening: listening.get(source) ?? new Map(), reader, stopping, tellFailed })
    this.#followers = new Map(sources.map((source) => [source, follow(source)]))
    this.#jobs = new DueJobs(runtime, carrier, assembly.jobs ?? [])
    const schedules = [...(assembly.schedules ?? []), ...platformSchedules(runtime.database)]
    this.#recurring = schedules.map((schedule) => new Recurring(runtime, schedule))
    this.#failures = new FailureLog(runtime.log)
    this.#pusher = new Pusher({ source: runtime.name, targets, carrier, log: runtime.log })
    this.#passes = new Passes((wrote) => this.#pass(wrote), stopping)
    if (assembly.rebuild === 'from events')
      this.#rebuilder = new Rebuilder({ runtime, listening, sources, reader, stopping, tellFailed })
  }

  /** The modules whose journals this one reads. */
  get sources(): string[] {
    return [...this.#followers.keys()]
  }

  async start(): Promise<void> {
    const { carrier, runtime, duties } = this.#options
    // A module without listeners and jobs needs no queue.
    const hasQueue = this.#followers.size > 0 || this.#jobs.areKnown
    if (duties.has('queues') && hasQueue) await carrier.work(runtime.name, (name, data) => this.#receive(name, data))
    // What gathered while nobody worked waits for nothing more.
    this.#scheduleSweep(0)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#timer)
    await this.#sweeping
    await this.#rebuilder?.ended()
    await this.#passes.ended()
    this.#pusher.stop()
    for (const follower of this.#followers.values()) await follower.ended()
  }

  /** Takes events of a source from the process that gave them their places, as a job of the queue would bring them. */
  hand(source: string, events: readonly JournalEvent[]): void {
    this.#followers.get(source)?.hand(events)
  }

  /** After a commit that announced or enqueued: a debounced pass. */
  wake(wrote: Wrote): void {
    this.#passes.wake(wrote)
  }

  /** Does everything that is to be done now, once, without queues or timers. Tests end a flow with it. */
  async round(options: { resumeSagas: boolean }): Promise<Round> {
    const { database } = this.#options.runtime
    const sequenced = (await journalWaits(database)) ? (await sequence(database)).length : 0
    let applied = 0
    for (const follower of this.#followers.values()) applied += await follower.pullBehind({ patient: false })
    const jobs = await this.#jobs.runDue()
    const sagas = options.resumeSagas ? await this.#resumeSagas() : 0
    const rebuilds = (await this.#rebuilder?.round()) ?? 0
    return { sequenced, applied, jobs, sagas, rebuilds }
  }

  async #pass(wrote: Wrote): Promise<number> {
    const { duties } = this.#options
    try {
      const queued = wrote.events > 0 && duties.has('events') ? await this.#sequence() : 0
      if (wrote.jobs > 0 && duties.has('queues')) await this.#jobs.carry()
      return queued + wrote.jobs
    } catch (error) {
      this.#tellFailed(error, 'events or jobs could not be carried; the sweep will')
      return 0
    }
  }

  /** Returns how many events went to queues. */
  async #sequence(): Promise<number> {
    let queued = 0
    for (;;) {
      const events = await sequence(this.#options.runtime.database)
      queued += await this.#pusher.push(events)
      // A full batch has more behind it.
      if (events.length < sequencedMax || this.#stopped) return queued
    }
  }

  async #receive(name: string, data: unknown): Promise<void> {
    if (name === 'jobs') return this.#jobs.run((data as { ids: string[] }).ids)
    const { source, batches } = data as { source: string; batches: LaneBatch[] }
    // A queue may still hold what an earlier release listened to.
    await this.#followers.get(source)?.receive(batches)
  }

  #scheduleSweep(afterMs = sweepMs): void {
    if (this.#stopped || !this.#options.sweeps) return
    this.#timer = setTimeout(() => {
      this.#sweeping = this.#sweep().finally(() => this.#scheduleSweep())
    }, afterMs)
  }

  /**
   * Finds, from the tables alone, what a crash, an outage or a wiped queue left behind. A queue or a source that is out
   * holds up none of the rest; the sources come last, since one that does not answer is waited for.
   */
  async #sweep(): Promise<void> {
    const { runtime, duties } = this.#options
    const parts: Record<'events' | 'schedules' | 'queues', (() => Promise<unknown>)[]> = {
      events: [async () => ((await journalWaits(runtime.database)) ? this.#sequence() : 0)],
      schedules: this.#recurring.map((each) => () => each.runIfDue((name) => this.#context(`schedule:${name}`))),
      queues: [
        () => this.#jobs.carry(),
        () => this.#resumeSagas(),
        async () => this.#rebuilder?.look(),
        ...[...this.#followers.values()].map((follower) => () => follower.pullBehind({ patient: true })),
        () => this.#jobs.runUncarried(),
      ],
    }
    for (const [duty, work] of Object.entries(parts)) {
      for (const part of duties.has(duty as keyof typeof parts) ? work : []) {
        if (this.#stopped) return
        await part().catch((error: unknown) => {
          this.#tellFailed(error, 'a part of a sweep failed; the next one tries again')
        })
      }
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

  #context(id: string) {
    const { runtime } = this.#options
    const requestId = runtime.newId('req', { module: runtime.name, requestId: id })
    return jobContext(runtime, { actor: { kind: 'system', id: runtime.name }, requestId, key: undefined })
  }
}
