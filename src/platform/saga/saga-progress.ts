/**
 * The progress of one run of a saga: what it knows, what of that is committed, the lease under which it may write, and the
 * deadline until which it may go forward.
 *
 * The deadline is the database's: it refuses what would take a late saga forward. The run counts down beside it, by its own
 * monotonic clock, so that it begins no step in vain, and no longer renews its lease: a step that hangs is left alone, and
 * whoever takes the saga over undoes it.
 */
import { CommandContext } from '../calls/contexts.ts'
import type { CallContext } from '../calls/context.ts'
import type { BoundOperation } from '../calls/operation.ts'
import { announceAudited, keyLockName } from '../calls/run-command.ts'
import { isTransient, type Transaction } from '../data/database.ts'
import { alreadyUndone, deadlineExceeded, DomainError, failureOf } from '../errors.ts'
import { Outbox } from '../events/outbox.ts'
import { isStaff } from '../values.ts'
import type { SagaDefinition, SagaState } from './saga.ts'
import { SagaMemory } from './saga-state.ts'
import {
  findSagaLocked,
  holdsLease,
  insertSaga,
  isRefused,
  type Progress,
  renewLease,
  type SagaRow,
  type SagaStatus,
  updateHeldSaga,
  updateSaga,
} from './saga-store.ts'

/** Another run has the key, or took the lease: this one must stop and look again. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

/** The deadline of the whole passed before the pivot: the saga is undone, and may be asked for again under its key. */
export class SagaLate extends DomainError {
  constructor(path: string) {
    const { reason, code } = deadlineExceeded(path)
    super(reason, code, `${path} took longer than it may as a whole, and is taken back. Ask again.`)
  }
}

/** How often a saga is tried before a human must look, and the longest pause between two tries. */
const attemptsMax = 40
const pauseMsMax = 60_000
/** How often a transaction is tried that the database gave up for a deadlock or a serialization failure. */
const transactionTriesMax = 5

const takenBackReason = alreadyUndone().reason

export type RunOptions = {
  row: SagaRow
  /**
   * Where the saga stands: `taken` over from its row; `fresh`, its key known to be free a moment ago; `unseen`, its key
   * not looked for yet; `passing`, not to be kept at all, since nothing could be made of what is kept.
   */
  standing: 'taken' | 'fresh' | 'unseen' | 'passing'
  leaseToken: string
  context: CallContext
}

export class SagaProgress {
  readonly memory: SagaMemory
  readonly state: SagaState
  /** Where its undos end: taken back by its caller, it leaves a tombstone; undone for a failure, it may be asked again. */
  readonly undoneStatus: 'undone' | 'tombstone'
  pivoted: boolean
  answer: unknown
  failure: Progress['failure']
  readonly #operation: BoundOperation
  readonly #saga: SagaRow
  readonly #context: CallContext
  readonly #leaseToken: string
  readonly #lost = new AbortController()
  readonly #late = new AbortController()
  /** Until when it may go forward to its pivot, by the clock of `performance`. Whoever took it over before that goes back. */
  #dueAt: number
  readonly #standing: RunOptions['standing']
  #hasRow: boolean

  constructor(operation: BoundOperation, { row, standing, leaseToken, context }: RunOptions) {
    this.#operation = operation
    this.#saga = row
    this.#context = context
    this.#leaseToken = leaseToken
    this.#standing = standing
    this.#hasRow = standing === 'taken'
    const { deadlineMs } = operation.handler as SagaDefinition
    this.#dueAt = standing === 'taken' ? Infinity : performance.now() + deadlineMs
    this.memory = new SagaMemory(row.results, row.undone)
    this.state = this.memory.stateFor(row.id, row.input)
    this.pivoted = row.pivoted
    this.answer = row.answer ?? undefined
    this.failure = row.failure
    this.undoneStatus = row.failure?.reason === takenBackReason ? 'tombstone' : 'undone'
  }

  /** Whether there is a row: whether anything may have been changed. */
  get hasRow(): boolean {
    return this.#hasRow
  }

  /** Aborted when the lease is lost. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** Aborted some time after the deadline, where the pivot has not been reached. */
  get late(): AbortSignal {
    return this.#late.signal
  }

  /** How long it may still go forward to its pivot. */
  get leftMs(): number {
    return this.pivoted ? Infinity : this.#dueAt - performance.now()
  }

  /** Throws where it is too late to go on to the pivot. */
  assertInTime(): void {
    if (this.leftMs <= 0) throw new SagaLate(this.#operation.path)
  }

  /** Commits what is known, as a single statement where there is a row already: one round trip. */
  async commit(status: SagaStatus): Promise<void> {
    // Its way back ends when it is gone.
    if (status === 'undoing') this.#dueAt = Infinity
    if (this.#standing === 'passing') return
    if (!this.#hasRow || this.#isAudited(status)) {
      await this.transaction(() => Promise.resolve(status))
      return
    }
    const { rowCount } = await updateSaga(this.#operation.runtime.database.pool, this.#lease(), this.#progress(status))
    if (rowCount !== 1) throw await this.#refusal()
    this.memory.markCommitted()
  }

  /** One transaction in the module's own tables, with the saga's progress in it. `work` returns the state it leads to. */
  async transaction(work: (ctx: CommandContext & { sagaId: string }) => Promise<SagaStatus>): Promise<void> {
    const { runtime } = this.#operation
    for (let attempt = 1; ; attempt += 1) {
      const outbox = new Outbox(runtime, this.#context, this.#saga.id)
      try {
        await runtime.database.transaction(async (transaction) => {
          if (!this.#hasRow) await this.#begin(transaction)
          const ctx = new CommandContext(runtime, this.#context, { transaction, outbox })
          const status = await work(Object.assign(ctx, { sagaId: this.#saga.id }))
          if (this.#isAudited(status)) this.#announceAudited(outbox)
          outbox.flush(transaction)
          this.#write(transaction, status)
        })
        this.#hasRow = this.#standing !== 'passing'
        this.memory.markCommitted()
        outbox.wake()
        return
      } catch (error) {
        if (this.#hasRow && error instanceof LeaseLost) throw await this.#refusal()
        if (!isTransient(error) || attempt >= transactionTriesMax) throw error
      }
    }
  }

  /** Lets go of the saga for a while, longer each time; parks it for a human in the end. */
  async pause(status: 'running' | 'undoing', error: unknown): Promise<void> {
    const { attempts } = this.#saga
    this.log(error, status === 'undoing' ? 'an undo failed and will be tried again' : 'a saga goes on later')
    const isSpent = attempts >= attemptsMax
    if (isSpent) this.failure ??= failureOf(error, this.#operation.promised)
    const pauseMs = Math.min(this.#operation.runtime.leaseMs * 2 ** Math.min(attempts, 6) * 0.5, pauseMsMax)
    const lease = { ...this.#lease(), leaseMs: Math.round(pauseMs) }
    const progress = this.#progress(isSpent ? 'parked' : status)
    await updateSaga(this.#operation.runtime.database.pool, lease, progress).catch((lost: unknown) =>
      this.log(lost, 'the pause was not written; the lease will expire'),
    )
  }

  /** Renews the lease while `work` runs, so that it may be short: a dead process is noticed soon. */
  async leased<T>(work: () => Promise<T>): Promise<T> {
    const { runtime } = this.#operation
    const renew = () => {
      if (this.leftMs <= 0) {
        this.#late.abort(new SagaLate(this.#operation.path))
        return
      }
      if (!this.#hasRow) return
      renewLease(runtime.database.pool, this.#lease()).then(
        (held) => held || this.#lost.abort(new LeaseLost()),
        (error: unknown) => this.log(error, 'a lease could not be renewed'),
      )
    }
    const renewal = setInterval(renew, Math.max(50, runtime.leaseMs / 3))
    try {
      return await work()
    } finally {
      clearInterval(renewal)
    }
  }

  log(error: unknown, message: string): void {
    const { log } = this.#operation.runtime
    const isExpected = error instanceof DomainError || error instanceof LeaseLost
    const fields = { err: error, saga: this.#saga.id, operation: this.#operation.path, attempts: this.#saga.attempts }
    if (isExpected) log.info(fields, message)
    else log.warn(fields, message)
  }

  #write({ client, trailing }: Transaction, status: SagaStatus): void {
    if (this.#standing === 'passing') return
    const progress = this.#progress(status)
    if (this.#hasRow) {
      const updated = updateHeldSaga(client, this.#lease(), progress)
      trailing(updated.catch((error: unknown) => Promise.reject(isRefused(error) ? new LeaseLost() : error)))
      return
    }
    const deadlineMs = this.#dueAt === Infinity ? null : Math.ceil(this.#dueAt - performance.now())
    trailing(insertSaga(client, this.#saga, { ...this.#lease(), progress, deadlineMs }))
  }

  /** Why the database refused to write: another run has the saga, or it is ours still, and late. */
  async #refusal(): Promise<Error> {
    const { runtime, path } = this.#operation
    return (await holdsLease(runtime.database.pool, this.#lease())) ? new SagaLate(path) : new LeaseLost()
  }

  /**
   * Takes the key for a new saga; where it is taken, this run must look again. One that was looked for is not looked for
   * twice: whoever came in between has a row, whose unique key refuses ours.
   */
  async #begin({ client }: Transaction): Promise<void> {
    const { caller, key } = this.#saga
    if (this.#standing === 'unseen') {
      const lockName = keyLockName(this.#operation.module, caller, key)
      const { free, row } = await findSagaLocked(client, { caller, key, lockName })
      if (!free || row) throw new LeaseLost()
    }
  }

  /** Told once it is done: what was refused on the way is told as refused, and may be asked for again under the same key. */
  #isAudited(status: SagaStatus): boolean {
    return status === 'done' && this.#operation.spec.audited && isStaff(this.#context.actor)
  }

  #announceAudited(outbox: Outbox): void {
    const { caller, key: record, inputHash } = this.#saga
    // A worker that finishes it is not who asked for it.
    announceAudited(outbox, this.#operation, { context: { ...this.#context, caller }, record, inputHash })
  }

  /** What is written: of the answers only those that are not committed yet, which are added to the others. */
  #progress(state: SagaStatus): Progress {
    const { pivoted, answer, failure, memory } = this
    return { state, pivoted, results: memory.uncommitted(), undone: memory.undone, answer, failure }
  }

  #lease() {
    return { id: this.#saga.id, leaseToken: this.#leaseToken, leaseMs: this.#operation.runtime.leaseMs }
  }
}
