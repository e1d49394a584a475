/** What somebody who signed in holds, and for how long. */
import type { AnswerOf } from '#platform/contract'
import type { AccountView } from '../accounts/queries.ts'
import type { contract } from '../contract.ts'
import type { Tokens } from './tokens.ts'

export type SessionView = AnswerOf<typeof contract.operations.logIn>
export type Opened = { sessionId: string; refreshToken: string; expiresAt: string; account: AccountView; now: string }

const day = 24 * 60 * 60_000
/** A session that nobody refreshes ends after 30 days; any session after 90. */
export const unusedMs = 30 * day
export const lastingMs = 90 * day

export const later = (instant: string, milliseconds: number): string =>
  new Date(Date.parse(instant) + milliseconds).toISOString()

export async function viewOf(
  tokens: Tokens,
  { sessionId, refreshToken, expiresAt, account, now }: Opened,
): Promise<SessionView> {
  const access = await tokens.accessToken({ accountId: account.id, sessionId, now })
  return {
    accessToken: access.token,
    accessTokenExpiresAt: access.expiresAt,
    refreshToken,
    refreshTokenExpiresAt: expiresAt,
    account,
  }
}
