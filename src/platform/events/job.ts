/** Jobs: work that a module does later. A job is a row in its owner's `jobs` table; BullMQ carries it. */
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

/** Writes a job of the own module into its table, in the transaction of the business change. */
export type Enqueue = <Payload>(
  definition: JobDefinition<Payload>,
  payload: Payload,
  options?: { delayMs?: number },
) => void

/** A job and what does it. It may run twice, and must end in the same world. */
export type JobHandler = { job: JobDefinition; handle(ctx: JobCtx, payload: any): Promise<void> }

/** Binds a handler to one of the module's own jobs. */
export const handleJob = <Payload>(
  definition: JobDefinition<Payload>,
  handle: (ctx: JobCtx<any>, payload: Payload) => Promise<void>,
): JobHandler => ({ job: definition, handle })

/** Work that repeats: it takes no input, has a batch limit, and returns counts. One process does it at a time. */
export type Schedule = {
  name: string
  everyMs: number
  run(ctx: JobCtx<any>): Promise<Record<string, number>>
}
