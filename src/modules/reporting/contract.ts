import { defineContract, query, type RouterOf, staff } from '#platform/contract'
import { currency, day } from '#platform/values'
import { z } from 'zod'

export const contract = defineContract('reporting', {
  /**
   * Sales by day (UTC, both ends inclusive, at most ten years), tax included, in minor units. `behind` is how many
   * announced events are not applied yet: at 0 the figures are complete.
   */
  sales: query({
    access: staff('reporting:read'),
    input: z.strictObject({ from: day, to: day, currency }),
    output: z.strictObject({
      orders: z.int(),
      grossMinor: z.int(),
      byDay: z.array(z.strictObject({ day: z.string(), orders: z.int(), grossMinor: z.int() })),
      behind: z.int(),
    }),
    reasons: ['reporting.bad_range'],
  }),
})
export type ReportingRouter = RouterOf<typeof contract>
