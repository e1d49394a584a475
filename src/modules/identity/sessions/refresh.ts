/**
 * Gives a new pair of tokens for a refresh token.
 *
 * A used token that comes back was stolen, or its answer was lost. Within ten seconds it is answered again. Later nobody can
 * tell the thief from the owner, so the session ends for both; that must be kept although the call is refused, so it is
 * asked first, by a statement of its own.
 */
import type { LocalCtx, ModuleTypes, SagaCtx } from '#platform/calls/context'
import type { InputOf } from '#platform/contract'
import { sagaOf } from '#platform/saga/saga'
import type { contract } from '../contract.ts'
import { sessionEnded } from '../errors.ts'
import { lookAtToken, rotateToken } from './queries.ts'
import { later, type SessionView, unusedMs, viewOf } from './session-view.ts'
import { tokenHashOf, type Tokens } from './tokens.ts'

type Results = { look: null; rotate: SessionView }

const { ask, local, define } = sagaOf<ModuleTypes, InputOf<typeof contract.operations.refresh>, Results>()

export const refresh = (tokens: Tokens) =>
  define<SessionView>({
    steps: [
      ask('look', { request: ({ input }) => tokenHashOf(input.refreshToken), do: look }),
      local('rotate', { do: (ctx, { input }) => rotate(ctx, tokens, tokenHashOf(input.refreshToken)) }),
    ],
    answer: ({ done }) => done.rotate,
  })

async function look(ctx: SagaCtx, tokenHash: string): Promise<null> {
  const [token] = await lookAtToken(ctx.db).execute({ tokenHash, now: ctx.now() })
  if (token?.closed) ctx.log.warn({ session: token.closed }, 'a used refresh token came back: its session was closed')
  if (!token?.good) throw sessionEnded()
  return null
}

async function rotate(ctx: LocalCtx, tokens: Tokens, tokenHash: string): Promise<SessionView> {
  const refreshToken = tokens.refreshToken(ctx.newId('rft'))
  const now = ctx.now()
  const [opened] = await rotateToken(ctx.tx).execute({
    tokenHash,
    newTokenHash: tokenHashOf(refreshToken),
    now,
    issuedAfter: later(now, -unusedMs),
    expiresAt: later(now, unusedMs),
  })
  if (!opened) throw sessionEnded()
  return viewOf(tokens, { ...opened, refreshToken, now })
}
