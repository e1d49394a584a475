import { command, defineContract, internal, query, type RouterOf, staff } from '#platform/contract'
import { amountMinor, country, currency, integer, text } from '#platform/values'
import { z } from 'zod'

/** A tax rate in basis points: 2000 is 20 %. */
const basisPoints = integer(0, 10_000)

const quotedLine = z.strictObject({
  lineId: z.string(),
  /** Units times unit price, tax included, in minor units. */
  grossMinor: z.int(),
  netMinor: z.int(),
  taxMinor: z.int(),
})

export const contract = defineContract('pricing', {
  /** Turns priced lines (tax included) into a quote: net, tax and gross per line and in all, adding up to the penny. */
  quote: query({
    access: internal,
    input: z.strictObject({
      currency,
      country,
      lines: z
        .array(
          z.strictObject({ lineId: text({ max: 100 }), quantity: integer(1, 1_000_000), unitPriceMinor: amountMinor }),
        )
        .min(1)
        // A cart's lines, and sending it.
        .max(1001),
    }),
    output: z.strictObject({
      currency: z.string(),
      taxBasisPoints: z.int(),
      lines: z.array(quotedLine),
      netMinor: z.int(),
      taxMinor: z.int(),
      grossMinor: z.int(),
    }),
    reasons: ['pricing.too_much'],
  }),
  /** Sets the tax rate of a country. */
  setTaxRate: command({
    access: staff('pricing:write'),
    input: z.strictObject({ country, basisPoints }),
    output: z.strictObject({ country: z.string(), basisPoints: z.int() }),
  }),
  /** The tax rates by country. A country without one is not taxed. */
  listTaxRates: query({
    access: staff('pricing:read'),
    input: z.strictObject({}),
    output: z.strictObject({ rates: z.array(z.strictObject({ country: z.string(), basisPoints: z.int() })) }),
  }),
})
export type PricingRouter = RouterOf<typeof contract>
