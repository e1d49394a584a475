/**
 * One run of a saga, under a lease: forward through its steps, or back through their undos.
 *
 * What is committed when, so that a kill -9 between any two lines finds its way:
 * - Before the first step that changes anything, the row. Steps that only ask need none, and refused leave none.
 * - Before a request is first sent, every answer that it was built from. A request is a pure function of those, so a
 *   repeat sends the same. Reads of uncommitted answers are noticed (`SagaMemory`); others need no write of their own.
 * - Before the pivot is sent, that it is: from then on an unknown outcome means ask and go forward.
 * - A local step, in its own transaction. The last step, together with the answer.
 * An undo goes to every step whose request could have been sent. What had not arrived leaves a tombstone there.
 */
import { DomainError, failureOf, leavesOutcomeUnknown } from '../errors.ts'
import { Outbox } from '../events/outbox.ts'
import { isTransient, type Transaction } from '../data/database.ts'
import { Base, CommandContext } from '../calls/contexts.ts'
import type { CallContext } from '../calls/context.ts'
import type { BoundOperation } from '../calls/operation.ts'
import { announceAudited, keyLockName } from '../calls/run-command.ts'
import type { LocalStep, RemoteStep, SagaDefinition, SagaState, Step } from './saga.ts'
import { SagaMemory, StepNotDone } from './saga-state.ts'
import { findSagaLocked, insertSaga, type Progress, renewLease, type SagaRow, type SagaStatus, updateSaga } from './saga-store.ts'

/** Another run has the key, or took the lease: this one must stop and look again. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

/** How long the undos of one run may take, and how often they are tried before a human must look. */
const undoDeadlineMs = 20_000
const attemptsMax = 40
const pauseMsMax = 60_000
/** How often a transaction is tried that the database gave up for a deadlock or a serialization failure. */
const transactionTriesMax = 5

export class SagaRun {
  readonly #operation: BoundOperation
  readonly #definition: SagaDefinition
  readonly #saga: Pick<SagaRow, 'id' | 'caller' | 'key' | 'operation' | 'input' | 'inputHash' | 'actor' | 'requestId'>
  readonly #context: CallContext
  readonly #leaseToken: string
  readonly #memory: SagaMemory
  readonly #state: SagaState
  readonly #stop = new AbortController()
  readonly #attempts: number
  #hasRow: boolean
  #pivoted: boolean
  #answer: unknown
  #failure: Progress['failure']

  constructor(operation: BoundOperation, options: { row: SagaRow; isNew: boolean; leaseToken: string; context: CallContext }) {
    const { row, isNew, leaseToken, context } = options
    this.#operation = operation
    this.#definition = operation.handler as SagaDefinition
    this.#saga = row
    this.#context = context
    this.#leaseToken = leaseToken
    this.#memory = new SagaMemory(row.results, row.undone)
    this.#state = this.#memory.stateFor(row.id, row.input)
    this.#attempts = row.attempts
    this.#hasRow = !isNew
    this.#pivoted = row.pivoted
    this.#answer = row.answer ?? undefined
    this.#failure = row.failure
  }

  /** Goes forward to the end and returns the answer; undoes what was done where a step before the pivot fails. */
  async forward(): Promise<unknown> {
    return this.#leased(async () => {
      const { steps } = this.#definition
      for (const [index, step] of steps.entries()) {
        if (this.#memory.has(step.name)) continue
        try {
          await this.#doStep(step, index === steps.length - 1)
        } catch (error) {
          return await this.#failed(error, index)
        }
      }
      return this.#answer
    })
  }

  /** Goes back from the given step (or the last) to the first. */
  async back(from = this.#definition.steps.length - 1): Promise<void> {
    await this.#leased(() => this.#undoFrom(from))
  }

  async #doStep(step: Step, isLast: boolean): Promise<void> {
    if (step.kind === 'local') {
      await this.#doLocal(step, isLast)
      return
    }
    const { value: request, readUncommitted } = this.#memory.watch(() => step.request(this.#state))
    const isPivot = step.pivot && !this.#pivoted
    if (step.effect && (!this.#hasRow || readUncommitted || isPivot)) {
      this.#pivoted ||= step.pivot
      await this.#commitProgress('running')
    }
    this.#memory.results[step.name] = (await step.do(this.#remoteContext(step), request)) ?? null
    if (isLast) {
      this.#answer = this.#definition.answer(this.#state)
      await this.#commitProgress('done')
    }
  }

  async #doLocal(step: LocalStep, isLast: boolean): Promise<void> {
    const pivoted = this.#pivoted
    try {
      await this.#transaction(async (ctx) => {
        this.#memory.results[step.name] = (await step.do(ctx, this.#state)) ?? null
        this.#pivoted ||= step.pivot
        if (isLast) this.#answer = this.#definition.answer(this.#state)
        return isLast ? 'done' : 'running'
      })
    } catch (error) {
      delete this.#memory.results[step.name]
      this.#pivoted = pivoted
      if (isLast) this.#answer = undefined
      throw error
    }
  }

  /** A step failed. Before the pivot: undo and refuse. From the pivot on: leave it to the next run, and answer if we can. */
  async #failed(error: unknown, index: number): Promise<unknown> {
    if (error instanceof LeaseLost) throw error
    if (!this.#hasRow) throw error
    const step = this.#definition.steps[index]!
    const isUnknown = leavesOutcomeUnknown(error)
    const refusedAtPivot = step.pivot && !isUnknown
    if (this.#pivoted && !refusedAtPivot) return this.#leaveToNextRun(error, step)
    this.#pivoted = false
    this.#failure = failureOf(error, this.#operation.promised)
    // A refused step did nothing; a local one was rolled back. Only an unknown outcome may have to be taken back.
    const from = isUnknown && step.kind === 'remote' ? index : index - 1
    try {
      await this.#undoFrom(from)
    } catch (undoError) {
      await this.#pause('undoing', undoError)
    }
    throw error
  }

  async #leaveToNextRun(error: unknown, step: Step): Promise<unknown> {
    const pivotIsKnown = this.#definition.steps.filter((each) => each.pivot).every((each) => this.#memory.has(each.name))
    // The caller is answered from the pivot on: what is left is ours to finish.
    if (pivotIsKnown) this.#answer ??= this.#answerIfPossible()
    await this.#pause('running', error)
    if (this.#answer !== undefined) return this.#answer
    this.#log(error, `the step ${step.name} failed; it will be asked again`)
    throw error
  }

  #answerIfPossible(): unknown {
    try {
      return this.#definition.answer(this.#state)
    } catch (error) {
      if (error instanceof StepNotDone) return undefined
      throw error
    }
  }

  async #undoFrom(from: number): Promise<void> {
    await this.#commitProgress('undoing')
    const steps = this.#definition.steps.slice(0, from + 1).reverse()
    const pending = steps.filter(({ name, kind, undo }) => {
      return undo !== undefined && !(name in this.#memory.undone) && (kind === 'remote' || this.#memory.has(name))
    })
    let ended = false
    for (const [index, step] of pending.entries()) {
      ended = index === pending.length - 1 && step.kind === 'local'
      if (step.kind === 'remote') await this.#undoRemote(step)
      else await this.#undoLocal(step, ended)
    }
    if (!ended) await this.#commitProgress('undone')
  }

  async #undoRemote(step: RemoteStep): Promise<void> {
    let request: unknown
    try {
      request = step.request(this.#state)
    } catch (error) {
      // What the request would be built from was never committed, so it was never sent.
      if (error instanceof StepNotDone) return
      throw error
    }
    this.#memory.undone[step.name] = (await step.undo!(this.#remoteContext(step, { undo: true }), request, this.#state)) ?? null
  }

  async #undoLocal(step: LocalStep, isLast: boolean): Promise<void> {
    await this.#transaction(async (ctx) => {
      this.#memory.undone[step.name] = (await step.undo!(ctx, this.#state)) ?? null
      return isLast ? 'undone' : 'undoing'
    })
  }

  /** One transaction in the module's own tables, with the saga's progress in it. `work` returns the state it leads to. */
  async #transaction(work: (ctx: CommandContext & { sagaId: string }) => Promise<SagaStatus>): Promise<void> {
    const { runtime } = this.#operation
    for (let attempt = 1; ; attempt += 1) {
      const outbox = new Outbox(runtime, this.#context, this.#saga.id)
      try {
        await runtime.database.transaction(async (transaction) => {
          if (!this.#hasRow) await this.#claimKey(transaction, outbox)
          const ctx = new CommandContext(runtime, this.#context, { transaction, outbox })
          const status = await work(Object.assign(ctx, { sagaId: this.#saga.id }))
          outbox.flush(transaction)
          this.#write(transaction, status)
        })
        this.#hasRow = true
        this.#memory.markCommitted()
        outbox.wake()
        return
      } catch (error) {
        if (!isTransient(error) || attempt >= transactionTriesMax) throw error
      }
    }
  }

  #commitProgress(status: SagaStatus): Promise<void> {
    return this.#hasRow ? this.#update(status) : this.#transaction(() => Promise.resolve(status))
  }

  /** A single statement is its own transaction: one round trip. */
  async #update(status: SagaStatus): Promise<void> {
    const { rowCount } = await updateSaga(this.#operation.runtime.database.pool, this.#lease(), this.#progress(status))
    if (rowCount !== 1) throw new LeaseLost()
    this.#memory.markCommitted()
  }

  #write({ client, trailing }: Transaction, status: SagaStatus): void {
    const progress = this.#progress(status)
    if (this.#hasRow) {
      const updated = updateSaga(client, this.#lease(), progress)
      trailing(updated.then(({ rowCount }) => (rowCount === 1 ? undefined : Promise.reject(new LeaseLost()))))
      return
    }
    trailing(insertSaga(client, this.#saga, { ...this.#lease(), progress }))
  }

  /** Takes the key for a new saga; where it is taken, this run must look again. */
  async #claimKey({ client }: Transaction, outbox: Outbox): Promise<void> {
    const { caller, key, inputHash } = this.#saga
    const lockName = keyLockName(this.#operation.module, caller, key)
    const { free, row } = await findSagaLocked(client, { caller, key, lockName })
    if (!free || row) throw new LeaseLost()
    if (this.#operation.spec.access.kind === 'staff') {
      announceAudited(outbox, this.#operation, { context: this.#context, record: key, inputHash })
    }
  }

  /** Lets go of the saga for a while, longer each time; parks it for a human in the end. */
  async #pause(status: 'running' | 'undoing', error: unknown): Promise<void> {
    this.#log(error, status === 'undoing' ? 'an undo failed and will be tried again' : 'a saga goes on later')
    const isSpent = this.#attempts >= attemptsMax
    if (isSpent) this.#failure ??= failureOf(error, this.#operation.promised)
    const pauseMs = Math.min(this.#operation.runtime.leaseMs * 2 ** Math.min(this.#attempts, 6) * 0.5, pauseMsMax)
    const lease = { ...this.#lease(), leaseMs: Math.round(pauseMs) }
    const progress = this.#progress(isSpent ? 'parked' : status)
    await updateSaga(this.#operation.runtime.database.pool, lease, progress).catch((lost: unknown) =>
      this.#log(lost, 'the pause was not written; the lease will expire'),
    )
  }

  #progress(state: SagaStatus): Progress {
    const { results, undone } = this.#memory
    return { state, pivoted: this.#pivoted, results, undone, answer: this.#answer, failure: this.#failure }
  }

  #lease() {
    return { id: this.#saga.id, leaseToken: this.#leaseToken, leaseMs: this.#operation.runtime.leaseMs }
  }

  #remoteContext(step: RemoteStep, options?: { undo: boolean }) {
    const { runtime, module } = this.#operation
    const key = `${this.#saga.id}:${step.name}`
    const context: CallContext = options?.undo
      ? { ...this.#context, caller: module, key: `${key}:undo`, undoesKey: key, deadlineAt: Date.now() + undoDeadlineMs, signal: undefined }
      : { ...this.#context, caller: module, key, undoesKey: undefined, signal: undefined }
    return Object.assign(new Base(runtime, this.#context), {
      sagaId: this.#saga.id,
      calls: runtime.callsFor(context),
      db: runtime.database.db,
      signal: AbortSignal.any([this.#stop.signal, runtime.stopping]),
    })
  }

  /** Renews the lease while `work` runs, so that it may be short: a dead process is noticed soon. */
  async #leased<T>(work: () => Promise<T>): Promise<T> {
    const { runtime } = this.#operation
    const renewal = setInterval(() => {
      if (!this.#hasRow) return
      renewLease(runtime.database.pool, this.#lease()).then(
        (held) => held || this.#stop.abort(new LeaseLost()),
        (error: unknown) => this.#log(error, 'a lease could not be renewed'),
      )
    }, Math.max(50, runtime.leaseMs / 3))
    try {
      return await work()
    } finally {
      clearInterval(renewal)
    }
  }

  #log(error: unknown, message: string): void {
    const { log } = this.#operation.runtime
    const isExpected = error instanceof DomainError || error instanceof LeaseLost
    const fields = { err: error, saga: this.#saga.id, operation: this.#operation.path, attempts: this.#attempts }
    if (isExpected) log.info(fields, message)
    else log.warn(fields, message)
  }
}
