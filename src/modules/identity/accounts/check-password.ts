/**
 * Checks a password, at most ten times in a row and 15 minutes per e-mail.
 *
 * An attempt is counted before the password is looked at, by one statement that also refuses it, so that guessing in
 * parallel, at any process, gains nothing. It is counted only inside the turnstile: whoever is told to come again has not
 * tried. An e-mail that nobody has is counted and hashed alike, so that neither answer nor time tells that it is unknown.
 */
import { hash } from 'node:crypto'
import type { SagaCtx } from '#platform/calls/context'
import type { PasswordHashing } from './password-hash.ts'
import { countAttempt } from './queries.ts'
import type { Turnstile } from './turnstile.ts'

export const attemptsMax = 10
export const attemptsMs = 15 * 60_000

export type Credentials = { email: string; password: string }
/** What guards passwords in a process. */
export type Guard = { hashing: PasswordHashing; turnstile: Turnstile }
/** `renewedHash` replaces one of lower cost. */
type Checked =
  | { result: 'right'; accountId: string; renewedHash: string | null }
  | { result: 'wrong' }
  | { result: 'refused'; retryAfterMs: number }

/** To be called inside the turnstile. The right password must be followed by `forgetAttempts`. */
export async function checkPassword(
  ctx: SagaCtx,
  hashing: PasswordHashing,
  { email, password }: Credentials,
): Promise<Checked> {
  const now = ctx.now()
  const staleBefore = new Date(Date.parse(now) - attemptsMs).toISOString()
  const [known] = await countAttempt(ctx.db).execute({ email, emailHash: hashOf(email), now, staleBefore, attemptsMax })
  if (!known?.counted) return { result: 'refused', retryAfterMs: waitMs(known?.startedAt ?? now, now) }
  const { accountId, passwordHash } = known
  if (accountId === null || passwordHash === null) {
    await hashing.hash({ email, password })
    return { result: 'wrong' }
  }
  if (!(await hashing.matches(password, passwordHash))) return { result: 'wrong' }
  const renewedHash = hashing.isWeak(passwordHash) ? await hashing.hash({ email, password }) : null
  return { result: 'right', accountId, renewedHash }
}

/** By what attempts for an e-mail are counted. */
export const hashOf = (email: string): string => hash('sha256', email, 'hex')

const waitMs = (startedAt: string, now: string): number =>
  Math.max(1_000, Date.parse(startedAt) + attemptsMs - Date.parse(now))
