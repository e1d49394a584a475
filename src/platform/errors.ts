/**
 * Errors that cross a contract: a code for the caller, a stable reason, a sentence for a person, details for the log.
 *
 * Inside a module an operation throws a `DomainError`. Whatever leaves an operation is reduced to a `Failure`, and a
 * caller, near or far, is given that as a `TRPCClientError` with `message` and `data.{ code, reason }`.
 */
import { TRPCClientError } from '@trpc/client'
import { TRPC_ERROR_CODES_BY_KEY, type TRPC_ERROR_CODE_KEY } from '@trpc/server/rpc'
import type { z } from 'zod'

export type ErrorCode = TRPC_ERROR_CODE_KEY

/** An error as it crosses a contract. `retryAfterMs` tells when asking again may help. */
export type Failure = { code: ErrorCode; reason: string; message: string; retryAfterMs?: number }

/** A refusal with a reason that its module owns. `details` are for the log and never leave the process. */
export class DomainError extends Error {
  override readonly name = 'DomainError'
  readonly reason: string
  readonly code: ErrorCode
  readonly details: Record<string, unknown> | undefined
  readonly retryAfterMs: number | undefined

  constructor(
    reason: string,
    code: ErrorCode,
    message: string,
    // oxlint-disable-next-line eslint/max-params -- as style.md writes it: reason, code, sentence, details
    extra?: { details?: Record<string, unknown>; retryAfterMs?: number },
  ) {
    super(message)
    this.reason = reason
    this.code = code
    this.details = extra?.details
    this.retryAfterMs = extra?.retryAfterMs
  }
}

export const invalidInput = (path: string, error: z.core.$ZodError) =>
  new DomainError('platform.invalid_input', 'BAD_REQUEST', `${path}: ${sentenceOf(error)}`)
export const unauthenticated = () =>
  new DomainError(
    'platform.unauthenticated',
    'UNAUTHORIZED',
    'This needs a valid key or token: send it as "Authorization: Bearer …".',
  )
export const wrongKey = () =>
  new DomainError('platform.wrong_key', 'UNAUTHORIZED', 'The key in "Authorization" is not known here, or was revoked.')
export const badToken = () =>
  new DomainError(
    'platform.bad_token',
    'UNAUTHORIZED',
    'What "Authorization" holds is neither a key nor a token of this hall. Send "Bearer " and one of the two.',
  )
export const tokenExpired = () =>
  new DomainError(
    'platform.token_expired',
    'UNAUTHORIZED',
    'The access token has ended. Get a new one with the refresh token, or sign in again.',
  )
export const sessionEnded = () =>
  new DomainError('platform.session_ended', 'UNAUTHORIZED', 'The session has ended. Sign in again.')
export const forbidden = (permission: string) =>
  new DomainError(
    'platform.forbidden',
    'FORBIDDEN',
    `This needs the permission ${permission}, which whoever is signed in does not hold.`,
  )
export const unknownOperation = (path: string) =>
  new DomainError('platform.unknown_operation', 'NOT_FOUND', `There is no operation ${path.slice(0, 200)}.`)
export const deadlineExceeded = (path: string) =>
  new DomainError(
    'platform.deadline_exceeded',
    'TIMEOUT',
    `${path} was not answered in time. What it did, if anything, is kept: ask again with the same idempotency key.`,
  )
export const keyReused = () =>
  new DomainError(
    'platform.key_reused',
    'CONFLICT',
    'This idempotency key was used before with another operation or input. Use a new key for a new request.',
  )
export const inProgress = () =>
  new DomainError(
    'platform.in_progress',
    'CONFLICT',
    'A request with this idempotency key is still running. Ask again in a moment with the same key.',
    { retryAfterMs: 1000 },
  )
export const alreadyUndone = () =>
  new DomainError('platform.undone', 'CONFLICT', 'This request was undone before it arrived, so it is refused.')
export const unavailable = (message: string) =>
  new DomainError('platform.unavailable', 'SERVICE_UNAVAILABLE', message, { retryAfterMs: 500 })

const internalMessage = 'Something went wrong on our side. The request id in the answer finds it in the logs.'

/** At most five problems, each with the path of the field, so that a person knows what to mend. */
function sentenceOf(error: z.core.$ZodError): string {
  const all = error.issues.flatMap(closestOf)
  const problems = all.slice(0, 5).map((issue) => {
    const where = issue.path.map(String).join('.')
    return where === '' ? issue.message : `${where}: ${issue.message}`
  })
  const more = all.length - problems.length
  return problems.join('; ') + (more > 0 ? `; and ${more} more` : '')
}

/** Of a value that fits none of several shapes, what is wrong with the one that it comes closest to. */
function closestOf(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue]
  const [closest] = issue.errors.toSorted((one, other) => one.length - other.length)
  return (closest ?? []).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }))
}

/** The failure that a client error carries, or undefined where the error is of another kind. */
export function failureFromClientError(error: unknown): Failure | undefined {
  if (!(error instanceof TRPCClientError)) return undefined
  const data = error.data as { code?: ErrorCode; reason?: string; retryAfterMs?: number } | undefined
  if (data?.code === undefined || data.reason === undefined) return undefined
  return {
    code: data.code,
    reason: data.reason,
    message: error.message,
    ...(data.retryAfterMs === undefined ? {} : { retryAfterMs: data.retryAfterMs }),
  }
}

/**
 * Reduces whatever an operation threw to what may leave it. Only reasons that the contract promises, and the platform's
 * own, pass; anything else is a bug of ours and becomes `platform.internal`.
 */
export function failureOf(error: unknown, promised: ReadonlySet<string>): Failure {
  const failure = error instanceof DomainError ? failureOfDomainError(error) : failureFromClientError(error)
  if (failure && (promised.has(failure.reason) || failure.reason.startsWith('platform.'))) return failure
  return { code: 'INTERNAL_SERVER_ERROR', reason: 'platform.internal', message: internalMessage }
}

function failureOfDomainError(error: DomainError): Failure {
  const { code, reason, message, retryAfterMs } = error
  return retryAfterMs === undefined ? { code, reason, message } : { code, reason, message, retryAfterMs }
}

/** The error a caller gets, the same near and far. Carries no `cause`: what happened inside stays inside. */
export function clientErrorOf(failure: Failure, path: string): TRPCClientError<any> {
  return new TRPCClientError(failure.message, { result: { error: errorShapeOf(failure, path) } })
}

/** tRPC's error shape, as stock clients read it. */
export function errorShapeOf(failure: Failure, path: string) {
  const { code, reason, message, retryAfterMs } = failure
  return {
    message,
    code: TRPC_ERROR_CODES_BY_KEY[code],
    data: {
      code,
      httpStatus: httpStatusOf(code),
      path,
      reason,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  }
}

const statuses: Partial<Record<ErrorCode, number>> = {
  PARSE_ERROR: 400,
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  PAYMENT_REQUIRED: 402,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_SUPPORTED: 405,
  TIMEOUT: 408,
  CONFLICT: 409,
  PRECONDITION_FAILED: 412,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  UNPROCESSABLE_CONTENT: 422,
  TOO_MANY_REQUESTS: 429,
  NOT_IMPLEMENTED: 501,
  BAD_GATEWAY: 502,
  SERVICE_UNAVAILABLE: 503,
  GATEWAY_TIMEOUT: 504,
}

export const httpStatusOf = (code: ErrorCode): number => statuses[code] ?? 500

/** Refusals by a door, or by a run elsewhere: they say nothing of what an earlier sending of the same call has done. */
const unanswered: ReadonlySet<string> = new Set([
  'platform.in_progress',
  'platform.not_a_process',
  'platform.unknown_operation',
])

/** Whether the outcome of the failed call is unknown: it may have been done, or may be done yet. */
export function leavesOutcomeUnknown(error: unknown): boolean {
  const failure = error instanceof DomainError ? failureOfDomainError(error) : failureFromClientError(error)
  if (!failure) return true
  if (unanswered.has(failure.reason)) return true
  return httpStatusOf(failure.code) >= 500 || failure.code === 'TIMEOUT' || failure.code === 'TOO_MANY_REQUESTS'
}
