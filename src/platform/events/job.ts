/**
 * Jobs: work that a module does later. A job is a row in its owner's `jobs` table; BullMQ carries it.
 *
 * One that another module sends travels through the sender's journal, as an entry addressed to the owner: committed with
 * its cause, and made a row of the owner's table exactly once, by the transaction that moves the owner's cursor.
 */
import { z } from 'zod'
import type { JobCtx } from '../calls/context.ts'
import { assertWireSchema, type Wire } from '../wire-schema.ts'

/** A job of a module. `name` is `<module>.<verb>`, such as `payments.resolveAttempt`. */
export type JobDefinition<Payload = any> = { name: string; payload: z.ZodType<Payload> }

/** Defines a job. The payload is a strict object of JSON values. Queued jobs outlive releases: change by addition. */
export function job<S extends z.ZodType>(name: string, payload: S & Wire<z.output<S>>): JobDefinition<z.output<S>> {
  assertWireSchema(payload, name, { strict: true })
  return { name, payload: z.compile(payload as z.ZodType<z.output<S>>) }
}

/**
 * Writes a job in the transaction of the business change: one of the own module into its table, one of a module to which
 * the graph lets this one send jobs into the journal.
 */
export type Enqueue = <Payload>(
  definition: JobDefinition<Payload>,
  payload: Payload,
  options?: { delayMs?: number },
) => void

/** One of several jobs that are done together. */
export type JobItem<Payload> = { id: string; payload: Payload }

/** A job and what does it, one by one or several together. It may run twice, and must end in the same world. */
export type JobHandler = { job: JobDefinition; timeLimitMs: number } & (
  | { handle(ctx: JobCtx, payload: any): Promise<void> }
  | { handleAll(ctx: JobCtx, items: readonly JobItem<any>[]): Promise<void> }
)

/** How long a job may take where nobody said otherwise. */
const timeLimitMsDefault = 50_000

/**
 * Throw it where trying again cannot help: the job ends as failed, for a person to see. Any other failure is tried again, with
 * longer pauses each time.
 */
export class Unrecoverable extends Error {
  override name = 'Unrecoverable'
}

type JobLimits = {
  /** After that long `ctx.signal` is aborted, no transaction of the run commits any more, and the run has failed. */
  timeLimitMs?: number
}

/** Binds a handler to one of the module's own jobs. */
export const handleJob = <Payload>(
  definition: JobDefinition<Payload>,
  handle: (ctx: JobCtx<any>, payload: Payload) => Promise<void>,
  { timeLimitMs = timeLimitMsDefault }: JobLimits = {},
): JobHandler => ({ job: definition, handle, timeLimitMs })

/**
 * Binds a handler that gets together what is due together, so that one transaction serves many. Where it throws, its
 * items are tried again one by one. Items of one call were all caused by the same actor; each call has its own key.
 */
export const handleJobs = <Payload>(
  definition: JobDefinition<Payload>,
  handleAll: (ctx: JobCtx<any>, items: readonly JobItem<Payload>[]) => Promise<void>,
): JobHandler => ({ job: definition, handleAll, timeLimitMs: timeLimitMsDefault })

/** Work that repeats: it takes no input, has a batch limit, and returns counts. One process does it at a time. */
export type Schedule = {
  name: string
  everyMs: number
  run(ctx: JobCtx<any>): Promise<Record<string, number>>
}
