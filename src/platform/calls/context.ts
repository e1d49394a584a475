/**
 * What a call carries, and what an operation is given.
 *
 * The kind decides what `ctx` holds, so that the laws are types: a command has a transaction and no calls, a saga has
 * calls and no transaction, a query can only ask.
 */
import type { AskingOnly } from '../contract.ts'
import type { Db } from '../data/database.ts'
import type { Announce } from '../events/event.ts'
import type { Enqueue } from '../events/job.ts'
import type { Sought, TraceEntry } from '../trace/entries.ts'
import type { Log } from '../log.ts'
import type { Actor } from '../values.ts'

/** What travels with every call, near and far. */
export type CallContext = {
  actor: Actor
  /** The calling module, or `client` for the world outside. Keys are scoped by it. */
  caller: string
  requestId: string
  /** The request, schedule or event chain with which all began; without one, this request began it. */
  correlation?: string | undefined
  /** W3C trace context, handed on as it came. */
  traceparent: string | undefined
  /** When the caller stops waiting, in Unix milliseconds. An expired call is not started. */
  deadlineAt: number
  /** The idempotency key of a command or saga. */
  key: string | undefined
  /** For an undo: the key of the call that it takes back. */
  undoesKey: string | undefined
  /** Stops queries only; a command that has begun runs to its end. */
  signal: AbortSignal | undefined
}

/** How long a request may take where nobody said otherwise. */
export const deadlineMsDefault = 30_000

/** What a module declares about itself for its operations' types: whom it may call. */
export type ModuleTypes = { calls: object }

type BaseCtx = {
  actor: Actor
  requestId: string
  log: Log
  /** The business clock: ISO 8601 in UTC. */
  now(): string
  /** Makes an id such as `ord_…`. */
  newId(prefix: string): string
}

/** A query reads its own tables, and may ask others. */
export type QueryCtx<M extends ModuleTypes = ModuleTypes> = BaseCtx & {
  db: Db
  calls: AskingOnly<M['calls']>
  /** How many events of a source are announced but not applied by this module yet. */
  behind(source: string): Promise<number>
  /** What a source holds of what is sought: its share of a trace. */
  traceIn(source: string, sought: Sought): Promise<TraceEntry[]>
}

/** A command has its one transaction, and no calls inside it. */
export type CommandCtx<_M extends ModuleTypes = ModuleTypes> = BaseCtx & {
  tx: Db
  announce: Announce
  enqueue: Enqueue
}

/** A step of a saga has calls, each repeatable under the saga's own key, and no transaction. */
export type SagaCtx<M extends ModuleTypes = ModuleTypes> = BaseCtx & {
  sagaId: string
  calls: M['calls']
  /** For reading only; what a step writes belongs into a `local` step. */
  db: Db
  /** Aborted when the saga's lease is lost or the process stops. For outside parties; calls have their own deadline. */
  signal: AbortSignal
}

/** A local step of a saga: a transaction in the module's own tables, committed together with the saga's progress. */
export type LocalCtx<M extends ModuleTypes = ModuleTypes> = CommandCtx<M> & { sagaId: string }

/** A listener applies an event in the transaction that moves its cursor. */
export type ListenerCtx<M extends ModuleTypes = ModuleTypes> = CommandCtx<M>

/** A job reaches outside: it has calls, and transactions of its own. It may run twice. */
export type JobCtx<M extends ModuleTypes = ModuleTypes> = BaseCtx & {
  calls: M['calls']
  db: Db
  transaction<T>(work: (ctx: CommandCtx<M>) => Promise<T>): Promise<T>
  signal: AbortSignal
}
