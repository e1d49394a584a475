/**
 * The port to the payment provider, and its HTTP client.
 *
 * Every attempt carries our own id as the provider's idempotency key, so that a submit whose answer was lost can be
 * repeated, or asked about with `find`, and never charges twice. What the caller must tell apart is therefore only this:
 * an outcome, "nobody knows yet" (ProviderUnavailable), and "you asked for something impossible" (ProviderRefused).
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { Pool } from 'undici'
import { currency, text } from '#platform/values'
import { z } from 'zod'

/** One thing asked of the provider. Amounts are positive integers in the currency's minor unit. */
export type Attempt = {
  /** Our attempt id, which is the provider's idempotency key. */
  key: string
  kind: 'authorise' | 'capture' | 'void' | 'refund'
  amountMinor: number
  /** ISO 4217, upper case. */
  currency: string
  /** The card token; for `authorise` only. */
  source?: string
  /** The provider's id of the authorisation; for all but `authorise`. */
  authorisation?: string
}

/** What became of an attempt, for ever: a declined one stays declined under its key. */
export type Outcome =
  | { status: 'succeeded'; providerId: string }
  | { status: 'declined'; providerId: string; declineReason: string }

/** An attempt that was decided, as the provider's books have it. */
export type Transaction = {
  providerId: string
  /** Under which it was asked for; null where it was not asked for under any, by a person at the provider, say. */
  key: string | null
  kind: Attempt['kind']
  status: Outcome['status']
  amountMinor: number
  currency: string
  /** The provider's id of the authorisation; null for `authorise`. */
  authorisation: string | null
}

/** A page of the books. `next` is where to go on: at once where there is `more`, or later, when there may be. */
export type BooksPage = { transactions: Transaction[]; next: string; more: boolean }

export type PaymentProvider = {
  /** Repeatable: the same key gives the same outcome. Another body under the same key is a ProviderRefused. */
  submit(attempt: Attempt, options?: { signal?: AbortSignal }): Promise<Outcome>
  /** `unknown`: no attempt arrived under this key. `pending`: it arrived and is not decided yet. */
  find(key: string, options?: { signal?: AbortSignal }): Promise<Outcome | 'unknown' | 'pending'>
  /**
   * The books from a point on (`''`: from their beginning), in the order in which attempts were decided. They only grow.
   * A point that they do not have is a ProviderRefused with the code `unknown_cursor`.
   */
  books(from: { after: string; limit: number }, options?: { signal?: AbortSignal }): Promise<BooksPage>
  /** Replaces the endpoint that was registered before. */
  registerWebhook(endpoint: { url: string; secret: string }): Promise<void>
}

/** A provider with connections of its own; `close` waits for the requests under way, at most for their time-out. */
export type HttpPaymentProvider = PaymentProvider & { close(): Promise<void> }

/** The answer did not come or was not understood: whether the attempt was carried out is not known. Repeat, or find. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable'
}

/** The provider refused the request as such (4xx); nothing was recorded under its key. */
export class ProviderRefused extends Error {
  override readonly name = 'ProviderRefused'
  readonly status: number
  /** The provider's code, such as `key_reused`, `capture_exceeds_authorisation` or `unknown_authorisation`. */
  readonly code: string

  constructor(refusal: { status: number; code: string; message: string }) {
    super(`The payment provider refused (${refusal.status} ${refusal.code}): ${refusal.message}`)
    this.status = refusal.status
    this.code = refusal.code
  }
}

const outcomeAnswer = z.discriminatedUnion('status', [
  z.object({ status: z.literal('succeeded'), providerId: z.string().min(1) }),
  z.object({ status: z.literal('declined'), providerId: z.string().min(1), declineReason: z.string() }),
])
const providerText = text({ max: 200 })
const booksAnswer = z.object({
  transactions: z.array(
    z.object({
      providerId: providerText,
      key: providerText.nullable(),
      kind: z.enum(['authorise', 'capture', 'void', 'refund']),
      status: z.enum(['succeeded', 'declined']),
      amountMinor: z.int(),
      currency,
      authorisation: providerText.nullable(),
    }),
  ),
  next: text({ min: 0, max: 200 }),
  more: z.boolean(),
})
const refusalAnswer = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

// These say "not now", not "not so": the same request may well succeed later.
const transientStatuses = new Set([408, 425, 429])

const connectionsMax = 128
/** Far more than a page of the books: what is larger is not read to its end. */
const answerBytesMax = 4 * 1024 * 1024

type Exchange = { method: 'GET' | 'PUT'; path: string; body?: object; signal?: AbortSignal | undefined }
type Answer = { status: number; body: unknown }

/** `url` may carry a path; `timeoutMs` bounds each request as a whole, waiting for a connection included. */
export function createHttpProvider(options: { url: string; timeoutMs: number }): HttpPaymentProvider {
  const base = new URL(options.url)
  const prefix = base.pathname.replace(/\/+$/, '')
  const pool = new Pool(base.origin, { connections: connectionsMax, maxResponseSize: answerBytesMax })

  async function exchange({ method, path, body, signal }: Exchange): Promise<Answer> {
    const timeout = AbortSignal.timeout(options.timeoutMs)
    try {
      const response = await pool.request({
        method,
        path: prefix + path,
        headers: body ? { 'content-type': 'application/json' } : {},
        body: body ? JSON.stringify(body) : null,
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      })
      return { status: response.statusCode, body: parsed(await response.body.text()) }
    } catch (cause) {
      throw new ProviderUnavailable(`The payment provider did not answer ${method} ${path}.`, { cause })
    }
  }

  return {
    async submit({ key, ...body }, { signal } = {}) {
      return outcomeOf(accepted(await exchange({ method: 'PUT', path: attemptPath(key), body, signal })))
    },
    async find(key, { signal } = {}) {
      const answer = await exchange({ method: 'GET', path: attemptPath(key), signal })
      if (isUnknownAttempt(answer)) return 'unknown'
      return accepted(answer).status === 202 ? 'pending' : outcomeOf(answer)
    },
    async books({ after, limit }, { signal } = {}) {
      const path = `/v1/transactions?after=${encodeURIComponent(after)}&limit=${limit}`
      return pageOf(accepted(await exchange({ method: 'GET', path, signal })), { after, limit })
    },
    async registerWebhook(endpoint) {
      accepted(await exchange({ method: 'PUT', path: '/v1/webhook-endpoint', body: endpoint }))
    },
    close: () => pool.close(),
  }
}

const attemptPath = (key: string) => `/v1/attempts/${encodeURIComponent(key)}`

// A 404 alone could be a wrong PAYMENTS_URL, and "unknown" makes callers undo: only the provider's own code counts.
function isUnknownAttempt({ status, body }: Answer): boolean {
  return status === 404 && refusalAnswer.safeParse(body).data?.error.code === 'unknown_attempt'
}

function accepted(answer: Answer): Answer {
  const { status, body } = answer
  if (status >= 200 && status < 300) return answer
  if (status < 400 || status >= 500 || transientStatuses.has(status)) {
    throw new ProviderUnavailable(`The payment provider answered ${status}.`)
  }
  const refusal = refusalAnswer.safeParse(body).data?.error
  throw new ProviderRefused({
    status,
    code: refusal?.code ?? 'unnamed',
    message: refusal?.message ?? 'no reason given',
  })
}

function outcomeOf({ body }: Answer): Outcome {
  const outcome = outcomeAnswer.safeParse(body)
  if (!outcome.success) throw new ProviderUnavailable('The payment provider gave no outcome.', { cause: outcome.error })
  return outcome.data
}

/** Whoever turns pages must come to an end: one that is too long, or goes nowhere, is none. */
function pageOf({ body }: Answer, { after, limit }: { after: string; limit: number }): BooksPage {
  const page = booksAnswer.safeParse(body)
  if (!page.success)
    throw new ProviderUnavailable('The payment provider gave no page of its books.', { cause: page.error })
  const { transactions, next, more } = page.data
  if (transactions.length > limit) throw new ProviderUnavailable('The payment provider gave a page that is too long.')
  if (next === after && (more || transactions.length > 0))
    throw new ProviderUnavailable('The payment provider gave a page of its books that leads back to itself.')
  return page.data
}

function parsed(said: string): unknown {
  try {
    return JSON.parse(said)
  } catch {
    return undefined // A proxy's HTML page, say: the status decides what it means.
  }
}

/** The value of `x-payment-signature` for `body`, sent at `at` (unix seconds): `t=<at>,v1=<hex HMAC-SHA-256 of "<at>.<body>">`. */
export function signWebhook(secret: string, body: string, at: number): string {
  return `t=${at},v1=${webhookMac(secret, body, at).toString('hex')}`
}

/**
 * Whether `header` signs the raw `body` with `secret`. Of several `v1` one suffices, so that a secret can be exchanged.
 * When it was signed is proven too, and left to the caller to judge.
 */
export function webhookIsGenuine(secret: string, body: string, header: string): boolean {
  const parts = header.split(',').map((part) => part.trim())
  const at = parts.find((part) => /^t=\d{1,12}$/.test(part))?.slice(2)
  if (at === undefined) return false
  const expected = webhookMac(secret, body, Number(at))
  return parts
    .filter((part) => /^v1=[0-9a-f]{64}$/.test(part))
    .some((part) => timingSafeEqual(expected, Buffer.from(part.slice(3), 'hex')))
}

function webhookMac(secret: string, body: string, at: number): Buffer {
  return createHmac('sha256', secret).update(`${at}.${body}`).digest()
}
