import { audited as auditedOf, event } from '#platform/events/event'
import { amountMinor, country, currency, id, instant, integer } from '#platform/values'
import { z } from 'zod'

/** A command that staff may do was done. */
export const audited = auditedOf('orders')

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
})

/** An order was placed: its total, tax included, in minor units. */
export const orderPlaced = event('orders.placed', {
  fact,
  key: ({ orderId }) => orderId,
  version: ({ version }) => version,
})

/** An order's payment was captured in full. */
export const orderPaid = event('orders.paid', {
  fact: fact.pick({ orderId: true, version: true, reference: true }),
  key: ({ orderId }) => orderId,
  version: ({ version }) => version,
})
