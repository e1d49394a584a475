import { job } from '#platform/events/job'
import { amountMinor, currency, day, text } from '#platform/values'
import { z } from 'zod'

/** Asks the provider what became of an attempt, and records it. */
export const resolveAttempt = job('payments.resolveAttempt', z.strictObject({ attemptId: text({ max: 200 }) }))

const asked = z.strictObject({
  /** What is paid for: the payment's reference. */
  reference: text({ max: 100 }),
  /** Names what is asked for: asked twice under one name, it is done once, for ever. */
  request: text({ max: 100 }),
  amountMinor,
  currency,
  /** The day for which it is booked; the day on which it is done where there is none. */
  valueDay: day.optional(),
})

/** Captures an amount of an authorised payment: all of it, or a part. Sent by orders. */
export const capture = job('payments.capture', asked)

/** Gives back an amount of what was captured. Sent by orders. */
export const refund = job('payments.refund', asked)

/** Takes a payment back whole: voids what is authorised and not captured, gives back what is captured. Sent by orders. */
export const cancel = job('payments.cancel', asked.pick({ reference: true, request: true, valueDay: true }))
