import { audited as auditedOf, event } from '#platform/events/event'
import { id, integer } from '#platform/values'
import { z } from 'zod'

/** A command that staff may do was done. */
export const audited = auditedOf('catalog')

/** A product was changed: its texts, categories, prices or status. What it is now is to be asked for. */
export const productChanged = event('catalog.product_changed', {
  fact: z.strictObject({ productId: id('prd'), version: integer(1, Number.MAX_SAFE_INTEGER), code: z.string() }),
  key: ({ productId }) => productId,
  version: ({ version }) => version,
})
