/** What the sandbox accepts and answers: the provider's side of the port in `provider.ts`, kept strict on purpose. */
import { z } from 'zod'

const amountMinor = z.int().positive().max(999_999_999_999)
const currency = z.string().regex(/^[A-Z]{3}$/)
const providerId = z.string().min(1).max(100)

export const attemptKey = z.string().min(1).max(200)
export const attemptBody = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('authorise'), amountMinor, currency, source: z.string().min(1).max(200) }),
  z.strictObject({ kind: z.literal('capture'), amountMinor, currency, authorisation: providerId }),
  z.strictObject({ kind: z.literal('void'), amountMinor, currency, authorisation: providerId }),
  z.strictObject({ kind: z.literal('refund'), amountMinor, currency, authorisation: providerId }),
])
export type AttemptBody = z.infer<typeof attemptBody>

export const webhookEndpoint = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  secret: z.string().min(1).max(500),
})
export type WebhookEndpoint = z.infer<typeof webhookEndpoint>

/** `after` is the last key that the reader has seen. */
export const pageQuery = z.object({
  after: z.string().default(''),
  limit: z.coerce.number().int().min(1).max(1000).default(500),
})
export type PageQuery = z.infer<typeof pageQuery>

/** `after` is what the page before gave as `next`. */
export const booksQuery = pageQuery.extend({
  after: z
    .string()
    .regex(/^\d{0,15}$/)
    .default(''),
})

/** A recorded attempt, as `GET /v1/attempts/:key` answers it. `source` and `authorisation` are null where they do not apply. */
export type RecordedAttempt = {
  key: string
  kind: AttemptBody['kind']
  amountMinor: number
  currency: string
  source: string | null
  authorisation: string | null
  status: 'succeeded' | 'declined'
  providerId: string
  declineReason: string | null
}

/** What the books say of an attempt; its number is its place in them. */
export type BookedAttempt = Omit<RecordedAttempt, 'source' | 'declineReason'> & { number: number }

/** An authorisation with the sums of what was captured and voided of it, and given back of that, as `GET /v1/charges` lists it. */
export type Charge = RecordedAttempt & { capturedMinor: number; voidedMinor: number; refundedMinor: number }

/** What a webhook tells; its body is `{ events }`, those that were due together. */
export type WebhookEvent = {
  id: string
  type: `${AttemptBody['kind']}.${RecordedAttempt['status']}`
  key: string
  providerId: string
  amountMinor: number
  currency: string
}

/** A request that is refused as such: nothing is recorded for it. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}
