import { audited as auditedOf, event } from '#platform/events/event'
import { id, instant, integer } from '#platform/values'
import { z } from 'zod'

/** A command that staff may do was done. */
export const audited = auditedOf('fulfilment')

/** An order's goods have left the house. `reference` is the order's own, such as the saga of its checkout. */
export const shipped = event('fulfilment.shipped', {
  fact: z.strictObject({
    shipmentId: id('shp'),
    version: integer(1, 1_000_000),
    orderId: id('ord'),
    reference: z.string(),
    carrier: z.string().nullable(),
    trackingNumber: z.string().nullable(),
    shippedAt: instant,
  }),
  key: ({ shipmentId }) => shipmentId,
  version: ({ version }) => version,
})
