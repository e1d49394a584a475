/** Makes the `ctx` that each kind of operation is given. */
import type { Transaction } from '../data/database.ts'
import { type DueJob, holdJobs } from '../events/job-rows.ts'
import { Outbox } from '../events/outbox.ts'
import type { Log } from '../log.ts'
import type { Sought, TraceEntry } from '../trace/entries.ts'
import type { Actor } from '../values.ts'
import type { CallContext, CommandCtx, JobCtx, QueryCtx } from './context.ts'
import type { ModuleRuntime } from './operation.ts'

/** What every ctx holds. A class, since one is made per call: its methods are shared, its log is made when asked for. */
export class Base {
  readonly actor: Actor
  readonly requestId: string
  readonly #runtime: ModuleRuntime
  #log: Log | undefined

  constructor(runtime: ModuleRuntime, context: Pick<CallContext, 'actor' | 'requestId'>) {
    this.#runtime = runtime
    this.actor = context.actor
    this.requestId = context.requestId
  }

  get log(): Log {
    this.#log ??= this.#runtime.log.child({ requestId: this.requestId })
    return this.#log
  }

  now(): string {
    return this.#runtime.clock.now()
  }

  newId(prefix: string): string {
    return this.#runtime.newId(prefix, { module: this.#runtime.name, requestId: this.requestId })
  }
}

/** A query's ctx. Its calls are made only when asked for. */
export class QueryContext extends Base {
  readonly #runtime: ModuleRuntime
  readonly #context: CallContext
  #calls: unknown

  constructor(runtime: ModuleRuntime, context: CallContext) {
    super(runtime, context)
    this.#runtime = runtime
    this.#context = context
  }

  get db(): QueryCtx['db'] {
    return this.#runtime.database.db
  }

  get calls(): any {
    this.#calls ??= this.#runtime.callsFor(this.#context)
    return this.#calls
  }

  behind(source: string): Promise<number> {
    return this.#runtime.behind(source, this.#context)
  }

  traceIn(source: string, sought: Sought): Promise<TraceEntry[]> {
    return this.#runtime.traceIn(source, { sought, context: this.#context })
  }
}

/** A command's ctx: one transaction and what it will announce. */
export class CommandContext extends Base implements CommandCtx {
  readonly tx: CommandCtx['tx']
  readonly announce: Outbox['announce']
  readonly enqueue: Outbox['enqueue']
  /** For the platform's own operations; no module's type of a ctx has it. */
  readonly inside: { transaction: Transaction; outbox: Outbox }

  constructor(
    runtime: ModuleRuntime,
    context: Pick<CallContext, 'actor' | 'requestId'>,
    inside: { transaction: Transaction; outbox: Outbox },
  ) {
    super(runtime, context)
    this.inside = inside
    this.tx = inside.transaction.tx
    this.announce = inside.outbox.announce
    this.enqueue = inside.outbox.enqueue
  }
}

/** A run of jobs: what it commits, it commits as long as it has them. The signal is aborted when its time is up, or it has lost them. */
export type JobRun = { signal: AbortSignal; jobs: readonly DueJob[] }

/** A job's (or schedule's) ctx: calls, and transactions of its own. */
export class JobContext extends Base implements JobCtx {
  readonly calls: any
  readonly signal: AbortSignal
  readonly #runtime: ModuleRuntime
  readonly #context: CallContext
  readonly #run: JobRun | undefined

  constructor(runtime: ModuleRuntime, context: CallContext, run?: JobRun) {
    super(runtime, context)
    this.#run = run
    this.#runtime = runtime
    this.#context = context
    this.calls = runtime.callsFor(context)
    this.signal = run === undefined ? runtime.stopping : AbortSignal.any([runtime.stopping, run.signal])
  }

  get db(): JobCtx['db'] {
    return this.#runtime.database.db
  }

  async transaction<T>(work: (ctx: CommandCtx) => Promise<T>): Promise<T> {
    const outbox = new Outbox(this.#runtime, this.#context, this.#context.key ?? null)
    const run = this.#run
    const result = await this.#runtime.database.transaction(async (transaction) => {
      const stillHeld = run && holdJobs(transaction, run.jobs)
      const answer = await work(new CommandContext(this.#runtime, this.#context, { transaction, outbox }))
      await stillHeld?.()
      run?.signal.throwIfAborted()
      outbox.flush(transaction)
      return answer
    })
    outbox.wake()
    return result
  }
}
