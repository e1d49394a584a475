import { defineContract, query, type RouterOf, staff } from '#platform/contract'
import { traceEntry } from '#platform/trace/entries'
import { actor, integer } from '#platform/values'
import { z } from 'zod'

export const contract = defineContract('audit', {
  /** Walks the chain and tells whether every record still is what was written, and which is the first that is not. */
  verify: query({
    access: staff('audit:read'),
    input: z.strictObject({}),
    output: z.strictObject({
      entries: z.int(),
      head: z.string(),
      intact: z.boolean(),
      firstBroken: z.int().nullable(),
      behind: z.int(),
    }),
  }),
  /**
   * All that an order (or a request, or a saga) caused, in every module: calls that changed something, sagas, events and jobs, causes
   * before effects. `about` is its id. Modules that could not be asked are named in `missing`.
   */
  trace: query({
    access: staff('audit:read'),
    input: z.strictObject({ about: z.string().min(1).max(200) }),
    output: z.strictObject({
      entries: z.array(traceEntry),
      /** Whether there was more than is told. */
      isCut: z.boolean(),
      missing: z.array(z.string()),
    }),
  }),
  /** Who did what, newest first: at most `limit` records before number `before`. */
  list: query({
    access: staff('audit:read'),
    input: z.strictObject({
      limit: integer(1, 100).optional(),
      before: integer(1, Number.MAX_SAFE_INTEGER).optional(),
      /** Only what was refused, or only what was done. */
      refused: z.boolean().optional(),
    }),
    output: z.strictObject({
      entries: z.array(
        z.strictObject({
          number: z.int(),
          operation: z.string(),
          actor,
          requestId: z.string(),
          inputHash: z.string(),
          /** The reason for which it was refused; null where it was done. */
          refused: z.string().nullable(),
          /** How often, until `at`: refusals of guests are counted together, and those of each customer. */
          times: z.int(),
          /** Why, in the words of who did it; null where nobody asked. */
          note: z.string().nullable(),
          at: z.string(),
          hash: z.string(),
        }),
      ),
    }),
  }),
})
export type AuditRouter = RouterOf<typeof contract>
