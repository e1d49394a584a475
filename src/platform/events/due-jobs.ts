/** The jobs of a module that are due: handed to its queue in batches, done when the queue brings them, or without it. */
import type { ModuleRuntime } from '../calls/operation.ts'
import type { JobHandler } from './job.ts'
import type { Carrier } from './queues.ts'
import { type DueJob, dueJobs } from './job-rows.ts'
import { runJobs } from './run-job.ts'

const jobsMax = 200
/** How many jobs one job of the queue carries. */
const carriedMax = 50
/** How long a job that was carried is not carried again, unless it was tried since. */
const carriedMs = 3_000

const carriedAs = ({ id, attempts }: DueJob): string => `${id}-${attempts}`

export class DueJobs {
  readonly #runtime: ModuleRuntime
  readonly #carrier: Carrier
  readonly #handlers: ReadonlyMap<string, JobHandler>
  readonly #carried = new Map<string, number>()
  /** The jobs that are due and were not carried: they are done by the sweep. */
  #uncarried: string[] = []

  constructor(runtime: ModuleRuntime, carrier: Carrier, handlers: readonly JobHandler[]) {
    this.#runtime = runtime
    this.#carrier = carrier
    this.#handlers = new Map(handlers.map((handler) => [handler.job.name, handler]))
  }

  /** Whether the module has any jobs. */
  get areKnown(): boolean {
    return this.#handlers.size > 0
  }

  /** Hands to the queue what is due and is not there. */
  async carry(): Promise<void> {
    if (!this.areKnown) return
    const due = this.#notCarried(await dueJobs(this.#runtime, jobsMax))
    if (due.length === 0) return
    const ids = due.map(({ id }) => id)
    this.#uncarried = ids
    await this.#carrier.add(
      this.#runtime.name,
      chunksOf(ids, carriedMax).map((chunk) => ({ name: 'jobs', data: { ids: chunk } })),
    )
    this.#uncarried = []
    for (const job of due) this.#carried.set(carriedAs(job), performance.now())
  }

  /** Does jobs, unless others have them. */
  run(ids: readonly string[]): Promise<void> {
    return runJobs(this.#runtime, this.#handlers, ids)
  }

  /** Does here what no queue would take, a batch at a time. */
  async runUncarried(): Promise<void> {
    const ids = this.#uncarried.splice(0, carriedMax)
    if (ids.length > 0) await this.run(ids)
  }

  /** Does what is due, without the queue. Returns how many that were. */
  async runDue(): Promise<number> {
    const due = await dueJobs(this.#runtime, jobsMax)
    for (const chunk of chunksOf(due, carriedMax)) await this.run(chunk.map(({ id }) => id))
    return due.length
  }

  /** Leaves out what a queue that is behind still holds, or has lost a moment ago. */
  #notCarried(due: readonly DueJob[]): DueJob[] {
    const longAgo = performance.now() - carriedMs
    for (const [job, carriedAt] of this.#carried) if (carriedAt < longAgo) this.#carried.delete(job)
    return due.filter((job) => !this.#carried.has(carriedAs(job)))
  }
}

/** Splits a list into parts of at most `size`. */
function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  const chunks: Item[][] = []
  for (let start = 0; start < items.length; start += size) chunks.push(items.slice(start, start + size))
  return chunks
}
