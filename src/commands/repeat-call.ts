import { setTimeout as sleep } from 'node:timers/promises'

const FIRST_PAUSE_MS = 100
const PAUSE_MS_MAX = 2_000

/** Answers that say "not now": the hall starts, stops, is overloaded, or still works on the same call. */
const PASSING_CODES = new Set(['SERVICE_UNAVAILABLE', 'TIMEOUT', 'TOO_MANY_REQUESTS', 'BAD_GATEWAY', 'GATEWAY_TIMEOUT'])
const PASSING_REASONS = new Set(['platform.in_progress'])

export type RepeatOptions = {
  /** How long to go on asking, in milliseconds; after that the last error is thrown. */
  patienceMs: number
  signal?: AbortSignal
  /** For tests: milliseconds on a clock, and a pause that the signal may end. */
  now?: () => number
  pause?: (ms: number) => Promise<unknown>
}

/**
 * Calls until the hall answers or patience ends. The caller makes the call repeatable: the same input under the same
 * idempotency key each time, so that a call whose answer was lost is not done twice.
 */
export async function repeatCall<T>(call: () => Promise<T>, options: RepeatOptions): Promise<T> {
  const now = options.now ?? (() => performance.now())
  const pause =
    options.pause ?? ((ms: number) => sleep(ms, undefined, options.signal ? { signal: options.signal } : {}))
  const giveUpAt = now() + options.patienceMs
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
    try {
      return await call()
    } catch (error) {
      // Half of the pause is random, so that many waiting calls do not all return at once.
      const ms = pauseMs * (0.5 + Math.random() / 2)
      if (!isPassing(error) || options.signal?.aborted === true || now() + ms > giveUpAt) throw error
      await pause(ms).catch(() => undefined)
    }
  }
}

/** Whether asking again may help: no answer from the hall at all, or one of those that say "not now". */
export function isPassing(error: unknown): boolean {
  const failure = hallFailure(error)
  if (failure === undefined) return false
  if (failure.code === undefined) return true
  return PASSING_CODES.has(failure.code) || (failure.reason !== undefined && PASSING_REASONS.has(failure.reason))
}

/** What a tRPC client's error says; without a code nothing that is a hall has answered. Undefined for other errors. */
export function hallFailure(error: unknown): { message: string; code?: string; reason?: string } | undefined {
  if (!(error instanceof Error) || error.name !== 'TRPCClientError') return undefined
  const data = 'data' in error && typeof error.data === 'object' && error.data !== null ? error.data : {}
  return {
    message: error.message,
    ...('code' in data && typeof data.code === 'string' && { code: data.code }),
    ...('reason' in data && typeof data.reason === 'string' && { reason: data.reason }),
  }
}
