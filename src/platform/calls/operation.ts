/** An operation bound to the module that does it, its schemas compiled: resolved once, then just called. */
import { z } from 'zod'
import type { Contract, Operation } from '../contract.ts'
import type { ModuleDatabase } from '../data/database.ts'
import type { AuditedFact, EventDefinition } from '../events/event.ts'
import type { NewId } from '../ids.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Sought, TraceEntry } from '../trace/entries.ts'
import type { CallContext } from './context.ts'
import type { ModuleRouter } from './implement.ts'
import type { CountedRefusals } from './refusals.ts'
import type { Traffic } from './traffic.ts'

/** What a hosted module works with. */
export type ModuleRuntime = {
  name: string
  database: ModuleDatabase
  clock: Clock
  newId: NewId
  log: Log
  /** The typed clients of the modules that this one may call, for one context. */
  callsFor(context: CallContext): any
  /** The modules to which this one may send jobs. */
  sendsJobsTo: readonly string[]
  /** How many events of a source this module has not applied yet. */
  behind(source: string, context: CallContext): Promise<number>
  /** What a source holds of what is sought. */
  traceIn(source: string, asked: { sought: Sought; context: CallContext }): Promise<TraceEntry[]>
  /** Told after a commit that announced or enqueued. */
  committed(wrote: { events: number; jobs: number }): void
  /** The module's `audited` event. */
  audited: EventDefinition<string, AuditedFact>
  /** What strangers were refused since it was last announced. */
  refusals: CountedRefusals
  /** What was called from this process, by whomever. */
  traffic: Traffic
  /** How long a saga's run may be silent before another may take it over, in milliseconds. */
  leaseMs: number
  /** Aborted when the process stops. */
  stopping: AbortSignal
  operations: Map<string, BoundOperation>
}

export type BoundOperation = {
  module: string
  name: string
  /** `<module>.<name>`. */
  path: string
  spec: Operation
  input: z.ZodType
  output: z.ZodType
  /** The reasons that may leave it, besides the platform's own. */
  promised: ReadonlySet<string>
  /** A query's or command's function, or a saga's definition. */
  handler: any
  runtime: ModuleRuntime
}

/** Compiles a contract's schemas and binds them to what does the work. */
export function bindOperations(router: ModuleRouter, runtime: ModuleRuntime): Map<string, BoundOperation> {
  const bound = new Map<string, BoundOperation>()
  const { name: module, operations } = router.contract satisfies Contract
  for (const [name, spec] of Object.entries(operations)) {
    bound.set(name, {
      module,
      name,
      path: `${module}.${name}`,
      spec,
      input: z.compile(spec.input),
      output: z.compile(spec.output),
      promised: new Set(spec.reasons),
      handler: router.handlers[name],
      runtime,
    })
  }
  return bound
}
