import { audited as auditedOf, event } from '#platform/events/event'
import { amountMinor, currency, id, integer } from '#platform/values'
import { z } from 'zod'

/** A command that staff may do was done. */
export const audited = auditedOf('payments')

const fact = z.strictObject({
  paymentId: id('pay'),
  version: integer(1, 1_000_000),
  reference: z.string(),
  amountMinor,
  currency,
})
const aggregate = {
  key: ({ paymentId }: z.infer<typeof fact>) => paymentId,
  version: ({ version }: z.infer<typeof fact>) => version,
}

/** The provider authorised the amount. */
export const paymentAuthorised = event('payments.authorised', { fact, ...aggregate })
/** The provider declined. */
export const paymentDeclined = event('payments.declined', { fact, ...aggregate })
/** The amount, all that was authorised or a part, was captured. */
export const paymentCaptured = event('payments.captured', { fact, ...aggregate })
/** A capture, void or refund of the amount was asked for, and the provider did not do it: it will not be done under that request. */
export const paymentRefused = event('payments.refused', {
  fact: fact.extend({ kind: z.enum(['capture', 'void', 'refund']) }),
  ...aggregate,
})
/** The authorisation was taken back. */
export const paymentVoided = event('payments.voided', { fact, ...aggregate })
/** The amount, all that was captured or a part, was given back. */
export const paymentRefunded = event('payments.refunded', { fact, ...aggregate })
