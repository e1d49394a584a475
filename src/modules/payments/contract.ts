import { anyone, command, defineContract, internal, query, type RouterOf, saga, staff } from '#platform/contract'
import { currency, day, id, money, text } from '#platform/values'
import { z } from 'zod'

/** What is paid for, such as the saga of a checkout: one payment per reference, for ever. */
const reference = text({ max: 100 })

export const contract = defineContract('payments', {
  /** Asks the provider to authorise an amount on a card. A decline is an answer, not an error. */
  authorise: saga({
    access: internal,
    input: z.strictObject({
      reference,
      amount: money,
      source: text({ max: 200 }),
      /** The day for which it is booked: today, unless an import says otherwise. */
      valueDay: day.optional(),
    }),
    output: z.strictObject({
      paymentId: id('pay'),
      status: z.enum(['authorised', 'declined']),
      declineReason: z.string().nullable(),
    }),
    reasons: ['payments.provider_unavailable', 'payments.provider_refused', 'payments.reference_used'],
  }),
  /** Takes an authorisation back, whether or not it has arrived. Nothing captured is touched. */
  void: saga({
    access: internal,
    undoes: 'authorise',
    input: z.strictObject({ reference }),
    output: z.strictObject({}),
    reasons: ['payments.provider_unavailable'],
  }),
  /** What the provider has to say. The signature, over the raw body, proves that it is the provider. */
  receiveWebhook: command({
    access: anyone,
    input: z.strictObject({ body: z.string().max(65_536), signature: z.string().max(500) }),
    output: z.strictObject({ accepted: z.boolean() }),
    reasons: ['payments.bad_signature', 'payments.bad_webhook'],
  }),
  /** A payment with its ledger entries, by its reference. */
  get: query({
    access: staff('payments:read'),
    input: z.strictObject({ reference }),
    output: z.strictObject({
      id: id('pay'),
      reference: z.string(),
      state: z.string(),
      amount: money,
      capturedMinor: z.int(),
      refundedMinor: z.int(),
      entries: z.array(z.strictObject({ account: z.string(), amountMinor: z.int(), at: z.string(), day: z.string() })),
    }),
    reasons: ['payments.unknown_payment'],
  }),
  /**
   * What the ledger says was authorised, captured, given back, in minor units, over all time or the days given (UTC,
   * inclusive; an order of the past is booked on its own day).
   */
  totals: query({
    access: staff('payments:read'),
    input: z.strictObject({ currency, from: day.optional(), to: day.optional() }),
    output: z.strictObject({
      payments: z.int(),
      authorisedMinor: z.int(),
      capturedMinor: z.int(),
      voidedMinor: z.int(),
      refundedMinor: z.int(),
      byDay: z.array(
        z.strictObject({ day: z.string(), authorisedMinor: z.int(), capturedMinor: z.int(), refundedMinor: z.int() }),
      ),
    }),
  }),
})
export type PaymentsRouter = RouterOf<typeof contract>
