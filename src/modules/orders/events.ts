import { audited as auditedOf, event } from '#platform/events/event'
import { address, amountMinor, country, currency, id, instant, integer } from '#platform/values'
import { z } from 'zod'

/** A command that staff may do was done. */
export const audited = auditedOf('orders')

const aggregate = {
  key: ({ orderId }: { orderId: string }) => orderId,
  version: ({ version }: { version: number }) => version,
}

const fact = z.strictObject({
  orderId: id('ord'),
  version: integer(1, 1_000_000),
  reference: z.string(),
  number: integer(1, Number.MAX_SAFE_INTEGER),
  orderedAt: instant,
  currency,
  country,
  grossMinor: amountMinor,
  lineCount: integer(1, 1000),
  /** What was bought. Optional: facts of the first release are without. */
  lines: z
    .array(
      z.strictObject({
        sku: z.string(),
        name: z.string(),
        quantity: integer(1, 1_000_000),
        grossMinor: amountMinor,
        /** Whether it is a thing that is sent. */
        stocked: z.boolean(),
      }),
    )
    .optional(),
  address: address.optional(),
  /** The shipping method, and its part of the total, tax included. */
  shipping: z.strictObject({ method: z.string(), grossMinor: amountMinor }).optional(),
})

/** An order was placed: its total, tax included, in minor units. */
export const orderPlaced = event('orders.placed', { fact, ...aggregate })

/** An order's money was captured in full. */
export const orderPaid = event('orders.paid', {
  fact: fact.pick({ orderId: true, version: true, reference: true }),
  ...aggregate,
})

/** An order's goods have left. */
export const orderShipped = event('orders.shipped', {
  fact: fact.pick({ orderId: true, version: true, reference: true }),
  ...aggregate,
})

const changed = fact.pick({
  orderId: true,
  version: true,
  reference: true,
  orderedAt: true,
  currency: true,
  country: true,
  grossMinor: true,
})

/** An order was cancelled before it shipped: it counts for nothing, its stock is free. */
export const orderCancelled = event('orders.cancelled', { fact: changed, ...aggregate })

/** A part of an order's money, `amountMinor`, was given back. */
export const orderRefunded = event('orders.refunded', { fact: changed.extend({ amountMinor }), ...aggregate })
