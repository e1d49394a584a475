/** Forgets what has expired: sessions with their tokens, tokens of the others, and attempts at passwords. */
import type { Schedule } from '#platform/events/job'
import { attemptsMs } from '../accounts/check-password.ts'
import { forgetSessions, forgetStaleAttempts, forgetTokens } from './queries.ts'
import { later, unusedMs } from './session-view.ts'

/** More in a minute than strangers can make of attempts: each costs a password's hash. */
const rowsMax = 5_000
const everyMs = 60_000

/** Its counts: how many sessions, tokens of other sessions and attempts were forgotten. */
export const forgetExpired: Schedule = {
  name: 'forget expired sessions',
  everyMs,
  run: (ctx) =>
    ctx.transaction(async ({ tx }) => {
      const now = ctx.now()
      const limit = rowsMax
      const sessions = await forgetSessions(tx).execute({ now, limit })
      const tokens = await forgetTokens(tx).execute({ issuedBefore: later(now, -unusedMs), limit })
      const attempts = await forgetStaleAttempts(tx).execute({ staleBefore: later(now, -attemptsMs), limit })
      return { sessions: sessions.length, tokens: tokens.length, attempts: attempts.length }
    }),
}
