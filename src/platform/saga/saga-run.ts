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
import { Base } from '../calls/contexts.ts'
import type { CallContext } from '../calls/context.ts'
import type { BoundOperation } from '../calls/operation.ts'
import { isConnectionLoss } from '../data/database.ts'
import { failureOf, leavesOutcomeUnknown } from '../errors.ts'
import type { LocalStep, RemoteStep, SagaDefinition, Step } from './saga.ts'
import { LeaseLost, type RunOptions, SagaLate, SagaProgress } from './saga-progress.ts'
import { StepNotDone } from './saga-state.ts'

/** How long the undos of one run may take. */
const undoDeadlineMs = 20_000

export class SagaRun {
  readonly #operation: BoundOperation
  readonly #definition: SagaDefinition
  readonly #sagaId: string
  readonly #context: CallContext
  readonly #progress: SagaProgress
  #undoDeadlineAt: number | undefined

  constructor(operation: BoundOperation, options: RunOptions) {
    this.#operation = operation
    this.#definition = operation.handler as SagaDefinition
    this.#sagaId = options.row.id
    this.#context = options.context
    this.#progress = new SagaProgress(operation, options)
  }

  /** Goes forward to the end and returns the answer; undoes what was done where a step before the pivot fails. */
  forward(): Promise<unknown> {
    return this.#progress.leased(async () => {
      const { steps } = this.#definition
      // A run before did all, and could not write that it was the end.
      if (steps.every(({ name }) => this.#progress.memory.has(name))) return await this.#end()
      for (const [index, step] of steps.entries()) {
        if (this.#progress.memory.has(step.name)) continue
        try {
          this.#progress.assertInTime()
          await this.#doStep(step, index === steps.length - 1)
        } catch (error) {
          return await this.#failed(error, index)
        }
      }
      return this.#progress.answer
    })
  }

  /** Goes back from the last step to the first. What fails is left to a later run, and to a human in the end. */
  async back(): Promise<void> {
    try {
      await this.#progress.leased(() => this.#undoFrom(this.#definition.steps.length - 1))
    } catch (error) {
      if (!(error instanceof LeaseLost)) await this.#progress.pause('undoing', error)
      throw error
    }
  }

  async #end(): Promise<unknown> {
    const progress = this.#progress
    progress.answer ??= this.#definition.answer(progress.state)
    await progress.commit('done')
    return progress.answer
  }

  async #doStep(step: Step, isLast: boolean): Promise<void> {
    if (step.kind === 'local') {
      await this.#doLocal(step, isLast)
      return
    }
    const progress = this.#progress
    const { value: request, readUncommitted } = progress.memory.watch(() => step.request(progress.state))
    const isPivot = step.pivot && !progress.pivoted
    if (step.effect && (!progress.hasRow || readUncommitted || isPivot)) {
      progress.pivoted ||= step.pivot
      await progress.commit('running')
    }
    progress.memory.results[step.name] = (await step.do(this.#remoteContext(step), request)) ?? null
    if (isLast) await this.#end()
  }

  async #doLocal(step: LocalStep, isLast: boolean): Promise<void> {
    const progress = this.#progress
    const { pivoted } = progress
    try {
      await progress.transaction(async (ctx) => {
        progress.memory.results[step.name] = (await step.do(ctx, progress.state)) ?? null
        progress.pivoted ||= step.pivot
        if (isLast) progress.answer = this.#definition.answer(progress.state)
        return isLast ? 'done' : 'running'
      })
    } catch (error) {
      delete progress.memory.results[step.name]
      progress.pivoted = pivoted
      if (isLast) progress.answer = undefined
      throw error
    }
  }

  /**
   * A step failed, or it is too late to begin or to keep it. Before the pivot: undo and refuse. From the pivot on: leave it to
   * the next run, and answer if we can.
   */
  async #failed(error: unknown, index: number): Promise<unknown> {
    const progress = this.#progress
    if (error instanceof LeaseLost || !progress.hasRow) throw error
    const step = this.#definition.steps[index]!
    const isLate = error instanceof SagaLate
    const isUnknown = isLate ? progress.memory.has(step.name) : leavesOutcomeUnknown(error)
    const refusedAtPivot = step.pivot && !isUnknown
    if (progress.pivoted && !refusedAtPivot) return this.#leaveToNextRun(error, step)
    // Whether a local step was committed is not known: the next run reads it, and goes forward or back from there.
    if (step.kind === 'local' && isConnectionLoss(error)) throw error
    progress.pivoted = false
    progress.answer = undefined
    progress.failure = failureOf(error, this.#operation.promised)
    // A refused step did nothing; a local one was rolled back. Only what may have been done has to be taken back.
    const from = isUnknown && step.kind === 'remote' ? index : index - 1
    try {
      await this.#undoFrom(from)
    } catch (undoError) {
      await progress.pause('undoing', undoError)
    }
    throw error
  }

  async #leaveToNextRun(error: unknown, step: Step): Promise<unknown> {
    const progress = this.#progress
    const pivots = this.#definition.steps.filter(({ pivot }) => pivot)
    // The caller is answered from the pivot on: what is left is ours to finish.
    if (pivots.every(({ name }) => progress.memory.has(name))) progress.answer ??= this.#answerIfPossible()
    await progress.pause('running', error)
    if (progress.answer !== undefined) return progress.answer
    progress.log(error, `the step ${step.name} failed; it will be asked again`)
    throw error
  }

  #answerIfPossible(): unknown {
    try {
      return this.#definition.answer(this.#progress.state)
    } catch (error) {
      if (error instanceof StepNotDone) return undefined
      throw error
    }
  }

  async #undoFrom(from: number): Promise<void> {
    const { memory } = this.#progress
    await this.#progress.commit('undoing')
    const steps = this.#definition.steps.slice(0, from + 1).toReversed()
    const pending = steps.filter(({ name, kind, undo }) => {
      return undo !== undefined && !(name in memory.undone) && (kind === 'remote' || memory.has(name))
    })
    let ended = false
    for (const [index, step] of pending.entries()) {
      ended = index === pending.length - 1 && step.kind === 'local'
      if (step.kind === 'remote') await this.#undoRemote(step)
      else await this.#undoLocal(step, ended)
    }
    if (!ended) await this.#progress.commit(this.#progress.undoneStatus)
  }

  async #undoRemote(step: RemoteStep): Promise<void> {
    const { state, memory } = this.#progress
    let request: unknown
    try {
      request = step.request(state)
    } catch (error) {
      // What the request would be built from was never committed, so it was never sent.
      if (error instanceof StepNotDone) return
      throw error
    }
    memory.undone[step.name] = (await step.undo!(this.#remoteContext(step, { undo: true }), request, state)) ?? null
  }

  async #undoLocal(step: LocalStep, isLast: boolean): Promise<void> {
    const { state, memory } = this.#progress
    try {
      await this.#progress.transaction(async (ctx) => {
        memory.undone[step.name] = (await step.undo!(ctx, state)) ?? null
        return isLast ? this.#progress.undoneStatus : 'undoing'
      })
    } catch (error) {
      // Written down with the pause, it would never be undone.
      delete memory.undone[step.name]
      throw error
    }
  }

  /** Each step has a key of its own, so that it may be asked again; its undo names what it takes back. */
  #remoteContext(step: RemoteStep, options?: { undo: boolean }) {
    const { runtime, module } = this.#operation
    const stepKey = `${this.#sagaId}:${step.name}`
    const { lost, late, leftMs, pivoted } = this.#progress
    const isForward = options?.undo !== true
    const keys = isForward
      ? { key: stepKey, undoesKey: undefined, deadlineAt: Math.min(this.#context.deadlineAt, Date.now() + leftMs) }
      : {
          key: `${stepKey}:undo`,
          undoesKey: stepKey,
          deadlineAt: (this.#undoDeadlineAt ??= Date.now() + undoDeadlineMs),
        }
    const ends = isForward && !pivoted ? [lost, late, runtime.stopping] : [lost, runtime.stopping]
    const context: CallContext = { ...this.#context, caller: module, signal: undefined, ...keys }
    return Object.assign(new Base(runtime, this.#context), {
      sagaId: this.#sagaId,
      calls: runtime.callsFor(context),
      db: runtime.database.db,
      signal: AbortSignal.any(ends),
    })
  }
}
