/** A module's sagas without a business: steps made up by a test, run under contexts of its choice. */
import type { CallContext } from '#platform/calls/context'
import type { BoundOperation, ModuleRuntime } from '#platform/calls/operation'
import { command, internal } from '#platform/contract'
import { resumeOpenSagas } from '#platform/saga/run-saga'
import { sagaOf, type SagaDefinition, type UndoOfSaga } from '#platform/saga/saga'
import { startTestHall, type TestHall } from '#testing/hall'
import { z } from 'zod'

/** Of any input and any answers. */
export const { ask, step, pivot, local, localPivot, define } = sagaOf<any, object, Record<string, any>>()
const nothing = z.strictObject({})
const spec = command({ access: internal, input: nothing, output: nothing })

export const lostConnection = () => new Error('Connection terminated unexpectedly')

export type World = {
  hall: TestHall
  runtime: ModuleRuntime
  log: string[]
  /** Binds a saga, or what takes one back, as an operation of the module; `over` replaces parts of its runtime. */
  bind(name: string, handler: SagaDefinition | UndoOfSaga, over?: Partial<ModuleRuntime>): BoundOperation
  sagas(): Promise<Record<string, any>[]>
  expireLeases(): Promise<unknown>
}

export async function openWorld(): Promise<World & AsyncDisposable> {
  const hall = await startTestHall({ modules: ['pricing'], leaseMs: 60_000 })
  const { runtime } = hall.processes[0]!.hosted.get('pricing')!
  return {
    hall,
    runtime,
    log: [],
    bind(name, handler, over) {
      const sagaSpec = { ...spec, kind: 'saga' as const }
      const own = { module: 'pricing', name, path: `pricing.${name}`, spec: sagaSpec, input: nothing, output: nothing }
      const bound = { ...own, promised: new Set<string>(), handler, runtime: { ...runtime, ...over } }
      runtime.operations.set(name, bound)
      return bound
    },
    sagas: () =>
      hall.sql(
        `select id, state, pivoted, attempts, results, answer, failure from "pricing".sagas order by recorded_at`,
      ),
    expireLeases: () => hall.sql(`update "pricing".sagas set lease_until = clock_timestamp() - interval '1 second'`),
    [Symbol.asyncDispose]: () => hall[Symbol.asyncDispose](),
  }
}

export const contextOf = (more: Partial<CallContext> = {}): CallContext => ({
  actor: { kind: 'guest' },
  caller: 'checkout',
  requestId: `req_${Math.random()}`,
  traceparent: undefined,
  deadlineAt: Date.now() + 5_000,
  key: 'a key of the test',
  undoesKey: undefined,
  signal: undefined,
  ...more,
})

/** What a worker does each second: it takes up what nobody runs. */
export const sweep = ({ runtime }: World) =>
  resumeOpenSagas(runtime, { limit: 10, contextFor: () => contextOf({ caller: 'pricing', key: undefined }) })

/** A step that only notes that it was done, and taken back. */
export const noting = (log: string[], name: string) =>
  step(name, {
    request: () => null,
    do: async () => log.push(name),
    undo: async () => log.push(`undo ${name}`),
  })
