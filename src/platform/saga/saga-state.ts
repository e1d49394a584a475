/** What a saga's steps may read, and the memory of what of it is committed already. */
import type { SagaState } from './saga.ts'

/** Thrown by reading the answer of a step that was not done: whatever needed it cannot have been sent. */
export class StepNotDone extends Error {
  override readonly name = 'StepNotDone'
}

/**
 * The results of a saga's steps. Reading one that is not committed yet is noticed, so that the run can commit it before
 * a request built from it is first sent.
 */
export class SagaMemory {
  readonly results: Record<string, unknown>
  readonly undone: Record<string, unknown>
  readonly #committed: Set<string>
  #readUncommitted = false

  constructor(results: Record<string, unknown>, undone: Record<string, unknown>) {
    this.results = { ...results }
    this.undone = { ...undone }
    this.#committed = new Set(Object.keys(results))
  }

  has(step: string): boolean {
    return step in this.results
  }

  /** All results so far are committed. */
  markCommitted(): void {
    for (const step of Object.keys(this.results)) this.#committed.add(step)
  }

  /** The results that are not committed yet. */
  uncommitted(): Record<string, unknown> {
    return Object.fromEntries(Object.entries(this.results).filter(([step]) => !this.#committed.has(step)))
  }

  /** Runs a pure function of the state, and tells whether it read something that is not committed. */
  watch<T>(read: () => T): { value: T; readUncommitted: boolean } {
    this.#readUncommitted = false
    const value = read()
    return { value, readUncommitted: this.#readUncommitted }
  }

  stateFor(sagaId: string, input: unknown): SagaState {
    const done = new Proxy(this.results, {
      get: (results, step) => {
        if (typeof step !== 'string') return undefined
        if (!(step in results)) throw new StepNotDone(`The step ${step} was not done.`)
        if (!this.#committed.has(step)) this.#readUncommitted = true
        return results[step]
      },
    })
    return { sagaId, input, done, has: (step) => this.has(step), undone: this.undone }
  }
}
