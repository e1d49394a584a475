import { anyone, command, defineContract, internal, query, type RouterOf, saga, staff } from '#platform/contract'
import { currency, day, id, integer, money, text } from '#platform/values'
import { z } from 'zod'

/** What is paid for, such as the saga of a checkout: one payment per reference, for ever. */
const reference = text({ max: 100 })

const differenceKind = z.enum([
  /** The provider has what nobody here asked for. */
  'unknown_here',
  /** We have what the provider does not. */
  'unknown_there',
  'other_kind',
  'other_currency',
  'other_amount',
  /** Decided there, and not known here. */
  'not_decided_here',
  'other_status',
  /** The provider has a second one under our key, or of another authorisation. */
  'other_charge',
  /** The ledger does not have it, or another amount. */
  'not_booked',
])

const side = z.strictObject({
  kind: z.string(),
  /** Null where it is not decided. */
  status: z.string().nullable(),
  amountMinor: z.int(),
  currency: z.string(),
  providerId: z.string().nullable(),
})

const difference = z.strictObject({
  id: z.string(),
  kind: differenceKind,
  /** The attempt and what it was for; null where there is none here. */
  attemptId: z.string().nullable(),
  reference: z.string().nullable(),
  /** `bookedMinor` is what the ledger has of it. */
  ours: side.extend({ bookedMinor: z.int() }).nullable(),
  theirs: side.nullable(),
  foundAt: z.string(),
  resolvedAt: z.string().nullable(),
  /** Why it was accepted, where it was. */
  because: z.string().nullable(),
})

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
  /** How far our books were compared with the provider's, and where they differ: open differences, or resolved ones. */
  reconciliation: query({
    access: staff('payments:read'),
    input: z.strictObject({ resolved: z.boolean().optional(), limit: integer(1, 200).optional() }),
    output: z.strictObject({
      /** How many of the provider's transactions were compared. */
      compared: z.int(),
      /** When all that the provider had were, the last time; null before that. */
      upToDateAt: z.string().nullable(),
      /** Why the provider's books cannot be read at the moment; null where they can. */
      problem: z.string().nullable(),
      /** How many differences are open. */
      open: z.int(),
      differences: z.array(difference),
    }),
  }),
  /** Accepts a difference that will stay, for a reason: it is open no longer, and does not come up again. */
  acceptDifference: command({
    access: staff('payments:reconcile'),
    input: z.strictObject({ id: text({ max: 200 }), because: text({ max: 500 }) }),
    output: z.strictObject({}),
    reasons: ['payments.unknown_difference'],
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
