/**
 * Sagas: steps across modules, each beside what takes it back.
 *
 * A step's `request` is a pure function of the saga's input and of what earlier steps answered; its `do` performs it.
 * The platform commits what a request was built from before the request is first sent, so that a repeat, also by another
 * process after a kill -9, sends the same. Calls in `do` carry the key `<saga id>:<step>`, calls in `undo`
 * `<saga id>:<step>:undo` and the name of what they take back.
 *
 * Before the pivot an unknown outcome means: undo everything that may have been done. From the pivot on it means: ask
 * again and go forward. A saga without a pivot is undone on any failure.
 *
 * A saga has a deadline for the whole, by the database's clock, which counts before the pivot only: from then on nobody takes
 * it forward any more, and it is undone. From the pivot on it goes forward, however long that takes.
 */
import type { LocalCtx, ModuleTypes, SagaCtx } from '../calls/context.ts'

/** What a step may read: the saga's input, and what earlier steps (and undos) answered. */
export type SagaState<Input = any, Results = any> = {
  sagaId: string
  input: Input
  /** What the earlier steps answered. Reading a step that was not done throws. */
  done: Results
  /** In an undo: whether the step is known to have been done. Its answer is then in `done`. */
  has(step: keyof Results & string): boolean
  /** In an undo: what the undos of later steps answered. */
  undone: Partial<Record<keyof Results & string, any>>
}

/** A step that calls other modules or an outside party. */
export type RemoteStep<M extends ModuleTypes = any, Input = any, Results = any> = {
  kind: 'remote'
  name: string
  pivot: boolean
  /** Whether it changes something elsewhere. One that only asks leaves nothing to take back, and needs no row first. */
  effect: boolean
  request(state: SagaState<Input, Results>): any
  do(ctx: SagaCtx<M>, request: any): Promise<unknown>
  undo: ((ctx: SagaCtx<M>, request: any, state: SagaState<Input, Results>) => Promise<unknown>) | undefined
}

/** A step in the module's own tables, in one transaction with the saga's progress. */
export type LocalStep<M extends ModuleTypes = any, Input = any, Results = any> = {
  kind: 'local'
  name: string
  pivot: boolean
  do(ctx: LocalCtx<M>, state: SagaState<Input, Results>): Promise<unknown>
  undo: ((ctx: LocalCtx<M>, state: SagaState<Input, Results>) => Promise<unknown>) | undefined
}

export type Step = RemoteStep | LocalStep

/** Twice as long as a request may take: whoever began it has gone by then. */
const deadlineMsDefault = 60_000

/** A workflow: its steps in order, and what the caller is answered. */
export type SagaDefinition<Input = any, Results = any, Answer = any> = {
  steps: readonly Step[]
  /** How long it may take to come to its pivot, or to its end where it has none. */
  deadlineMs: number
  /** The answer, from what the steps up to and including the pivot (or all, without one) answered. */
  answer(state: SagaState<Input, Results>): Answer
}

/** The step builders for a saga of module `M` with this input and these step results. */
export function sagaOf<M extends ModuleTypes, Input, Results extends Record<string, any>>() {
  type State = SagaState<Input, Results>
  type Name = keyof Results & string
  const remote =
    ({ pivot, effect }: { pivot: boolean; effect: boolean }) =>
    <N extends Name, Request>(
      name: N,
      spec: {
        request(state: State): Request
        do(ctx: SagaCtx<M>, request: Request): Promise<Results[N]>
        undo?(ctx: SagaCtx<M>, request: Request, state: State): Promise<unknown>
      },
    ): RemoteStep<M, Input, Results> => ({
      kind: 'remote',
      name,
      pivot,
      effect,
      request: spec.request,
      do: spec.do,
      undo: spec.undo,
    })
  const own =
    (pivot: boolean) =>
    <N extends Name>(
      name: N,
      spec: {
        do(ctx: LocalCtx<M>, state: State): Promise<Results[N]>
        undo?(ctx: LocalCtx<M>, state: State): Promise<unknown>
      },
    ): LocalStep<M, Input, Results> => ({ kind: 'local', name, pivot, do: spec.do, undo: spec.undo })
  return {
    /** A step that only asks: what it reads it may read again. Refused before any other step, it leaves no row behind. */
    ask: remote({ pivot: false, effect: false }),
    /** A step that changes something elsewhere; without `undo` there is nothing to take back. */
    step: remote({ pivot: false, effect: true }),
    /** The step from which on the saga only goes forward. */
    pivot: remote({ pivot: true, effect: true }),
    /** A step in the module's own tables. */
    local: own(false),
    localPivot: own(true),
    /** `deadlineMs`: a minute, unless it says otherwise. */
    define: <Answer>({
      deadlineMs = deadlineMsDefault,
      ...definition
    }: {
      steps: readonly Step[]
      answer(state: State): Answer
      deadlineMs?: number
    }): SagaDefinition<Input, Results, Answer> => ({ ...definition, deadlineMs }),
  }
}

/** The handler of a saga operation that takes back another saga of the same module: it runs that saga's undos. */
export type UndoOfSaga = { undoOf: string }
export const undoOf = (operation: string): UndoOfSaga => ({ undoOf: operation })
