/** Opens a session for the right password. It hashes before its transaction; asking and then writing leaves no row. */
import type { LocalCtx, ModuleTypes, SagaCtx } from '#platform/calls/context'
import type { InputOf } from '#platform/contract'
import { sagaOf } from '#platform/saga/saga'
import { checkPassword, type Credentials, type Guard, hashOf } from '../accounts/check-password.ts'
import type { contract } from '../contract.ts'
import { tooManyAttempts, wrongCredentials } from '../errors.ts'
import { openSession } from './queries.ts'
import { lastingMs, later, type SessionView, unusedMs, viewOf } from './session-view.ts'
import { tokenHashOf, type Tokens } from './tokens.ts'

type Right = { accountId: string; renewedHash: string | null }
type Results = { check: Right; open: SessionView }

const { ask, local, define } = sagaOf<ModuleTypes, InputOf<typeof contract.operations.logIn>, Results>()

export const logIn = ({ guard, tokens }: { guard: Guard; tokens: Tokens }) =>
  define<SessionView>({
    steps: [
      ask('check', {
        request: ({ input }) => input,
        do: (ctx, credentials) => guard.turnstile(() => check(ctx, guard, credentials)),
      }),
      local('open', { do: (ctx, { input, done }) => open(ctx, tokens, { ...done.check, email: input.email }) }),
    ],
    answer: ({ done }) => done.open,
  })

async function check(ctx: SagaCtx, { hashing }: Guard, credentials: Credentials): Promise<Right> {
  const checked = await checkPassword(ctx, hashing, credentials)
  if (checked.result === 'refused') throw tooManyAttempts(checked.retryAfterMs)
  if (checked.result === 'wrong') throw wrongCredentials()
  const { accountId, renewedHash } = checked
  return { accountId, renewedHash }
}

async function open(
  ctx: LocalCtx,
  tokens: Tokens,
  { email, accountId, renewedHash }: Right & { email: string },
): Promise<SessionView> {
  const sessionId = ctx.newId('ses')
  const refreshToken = tokens.refreshToken(ctx.newId('rft'))
  const now = ctx.now()
  const expiresAt = later(now, unusedMs)
  const [account] = await openSession(ctx.tx).execute({
    id: sessionId,
    accountId,
    renewedHash,
    emailHash: hashOf(email),
    tokenHash: tokenHashOf(refreshToken),
    now,
    expiresAt,
    lastsUntil: later(now, lastingMs),
  })
  return viewOf(tokens, { sessionId, refreshToken, expiresAt, account: account!, now })
}
