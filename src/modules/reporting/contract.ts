import { defineContract, query, type RouterOf, staff } from '#platform/contract'
import { currency, day, integer } from '#platform/values'
import { z } from 'zod'

/** Days in UTC, both ends inclusive, at most ten years. */
const range = z.strictObject({ from: day, to: day, currency })

export const contract = defineContract('reporting', {
  /**
   * Sales by day (of the order, UTC), tax and shipping included, in minor units. Cancelled orders do not count; what was
   * given back stands beside, on the day of its order. `behind` is how many announced events are not applied yet: at 0 the
   * figures are complete.
   */
  sales: query({
    access: staff('reporting:read'),
    input: range,
    output: z.strictObject({
      orders: z.int(),
      grossMinor: z.int(),
      refundedMinor: z.int(),
      byDay: z.array(z.strictObject({ day: z.string(), orders: z.int(), grossMinor: z.int(), refundedMinor: z.int() })),
      behind: z.int(),
    }),
    reasons: ['reporting.bad_range'],
  }),
  /** Sales by product (SKU), what brought most first: units and gross, without shipping. Cancelled orders do not count. */
  products: query({
    access: staff('reporting:read'),
    input: range.extend({ limit: integer(1, 1000).optional() }),
    output: z.strictObject({
      products: z.array(
        z.strictObject({
          sku: z.string(),
          /** As it was called when it was sold last. */
          name: z.string(),
          orders: z.int(),
          units: z.int(),
          grossMinor: z.int(),
        }),
      ),
      behind: z.int(),
    }),
    reasons: ['reporting.bad_range'],
  }),
  /** Sales by the country the goods went to, what brought most first. Cancelled orders do not count. */
  countries: query({
    access: staff('reporting:read'),
    input: range,
    output: z.strictObject({
      countries: z.array(z.strictObject({ country: z.string(), orders: z.int(), grossMinor: z.int() })),
      behind: z.int(),
    }),
    reasons: ['reporting.bad_range'],
  }),
})
export type ReportingRouter = RouterOf<typeof contract>
