/**
 * What a far call looks like on the wire, and how processes of one hall know each other.
 *
 * The body is `{ context, input }` as JSON; the HMAC of path and body under the hall's secret stands in a header. So a caller proves that
 * it belongs to the hall, and the actor's claims cannot be changed on the way.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { actor } from '../values.ts'
import type { CallContext } from './context.ts'

export const signatureHeader = 'x-hall-signature'
export const callPathPrefix = '/call/'

/** The largest body of a call, in bytes. */
export const farBodyBytesMax = 16 * 1024 * 1024

const wireContext = z.strictObject({
  actor,
  caller: z.string(),
  requestId: z.string(),
  correlation: z.string().optional(),
  traceparent: z.string().optional(),
  /** How long the caller will still wait: clocks of two machines differ, durations do not. */
  remainingMs: z.number(),
  key: z.string().optional(),
  undoesKey: z.string().optional(),
})

// JSON has no `undefined`: a call without an input has no field for it, and is for the operation to refuse.
const envelope = z.compile(z.strictObject({ context: wireContext, input: z.unknown().optional() }))

/** A call as the body of a request. */
export function encodeCall(context: CallContext, input: unknown): string {
  const { actor: who, caller, requestId, correlation, traceparent, deadlineAt, key, undoesKey } = context
  return JSON.stringify({
    context: {
      actor: who,
      caller,
      requestId,
      correlation,
      traceparent,
      remainingMs: deadlineAt - Date.now(),
      key,
      undoesKey,
    },
    input,
  })
}

/** The call in a body, or undefined where it is none. */
export function decodeCall(body: string, signal: AbortSignal): { context: CallContext; input: unknown } | undefined {
  const parsed = envelope.safeParse(parseJson(body))
  if (!parsed.success) return undefined
  const { context, input } = parsed.data
  const { actor: who, caller, requestId, correlation, traceparent, remainingMs, key, undoesKey } = context
  const deadlineAt = Date.now() + remainingMs
  return {
    context: { actor: who, caller, requestId, correlation, traceparent, deadlineAt, key, undoesKey, signal },
    input,
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The signature of a call: over its path and its body, so that neither serves for another call. */
export const sign = (secret: string, path: string, body: string): string =>
  createHmac('sha256', secret).update(`${path}\n`).update(body).digest('base64url')

export function isSigned(secret: string, { path, body }: { path: string; body: string }, signature: unknown): boolean {
  if (typeof signature !== 'string') return false
  const given = Buffer.from(signature)
  const expected = Buffer.from(sign(secret, path, body))
  return given.length === expected.length && timingSafeEqual(given, expected)
}
