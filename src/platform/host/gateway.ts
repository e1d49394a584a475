/**
 * The gateway: who sent a request. `Authorization: Bearer …` holds an API key (`mh_…`) or an access token. What both stand
 * for is asked of the modules that know.
 */
import type { IncomingMessage } from 'node:http'
import type { JWK } from 'jose'
import { apiKeyPrefix, hashApiKey, looksLikeApiKey } from '../api-key.ts'
import { BoundedMap } from '../bounded-map.ts'
import type { Dispatch } from '../calls/clients.ts'
import type { CallContext } from '../calls/context.ts'
import type { Contract } from '../contract.ts'
import type { Clock } from '../clock.ts'
import { badToken, DomainError, sessionEnded, wrongKey } from '../errors.ts'
import { bearerOf } from '../http/bearer.ts'
import { type Actor, guest } from '../values.ts'
import { createTokenVerifier } from './access-token.ts'

/** Calls an operation as the gateway. Throws the failure that the operation answers. */
export type Ask = (module: string, operation: string, input: unknown) => Promise<unknown>

/** What a request shows of itself in `Authorization`, as far as the gateway can check it. */
export type Shown = { kind: 'key'; keyHash: string } | { kind: 'session'; sessionId: string }

/** How the hall's definition answers for those who send requests. */
export type Authentication = {
  /** Answers who holds this key, or whose session this is; undefined where nobody does any more. */
  authenticate(ask: Ask, shown: Shown): Promise<Actor | undefined>
  /** The public keys by which access tokens are checked. */
  signingKeys(ask: Ask): Promise<readonly JWK[]>
}

type GatewayOptions = {
  contracts: Record<string, Contract>
  dispatch: Dispatch
  authentication: Authentication
  clock: Clock
}

type RequestBase = Pick<CallContext, 'requestId' | 'deadlineAt' | 'traceparent'>

/** How long the gateway believes what it was told of a key or a session: a revoked one works at most that much longer. */
const memoryMs = 5_000
const rememberedMax = 10_000

/** Makes what the public face asks about a request. */
export function createGateway(options: GatewayOptions) {
  const { authentication, clock } = options
  const known = new BoundedMap<string, { actor: Actor; until: number }>(rememberedMax)
  const verify = createTokenVerifier({ now: () => Date.parse(clock.now()) })
  const actorShowing = async (shown: Shown, ask: Ask): Promise<Actor | undefined> => {
    const name = shown.kind === 'key' ? shown.keyHash : shown.sessionId
    const remembered = known.get(name)
    if (remembered && remembered.until > performance.now()) return remembered.actor
    const actor = await authentication.authenticate(ask, shown)
    if (actor) known.set(name, { actor, until: performance.now() + memoryMs })
    else known.delete(name)
    return actor
  }
  return {
    async actorOf(request: Pick<IncomingMessage, 'headers'>, base: RequestBase): Promise<Actor> {
      if (request.headers.authorization === undefined) return guest
      const given = bearerOf(request)
      if (given === undefined) throw badToken()
      const ask = askAs(options, base)
      if (given.startsWith(apiKeyPrefix)) {
        const actor = looksLikeApiKey(given)
          ? await actorShowing({ kind: 'key', keyHash: hashApiKey(given) }, ask)
          : undefined
        if (!actor) throw wrongKey()
        return actor
      }
      const { sessionId, accountId } = await verify(given, () => authentication.signingKeys(ask))
      const actor = await actorShowing({ kind: 'session', sessionId }, ask)
      if (!actor) throw sessionEnded()
      if (!('id' in actor) || actor.id !== accountId) throw badToken()
      return actor
    },
  }
}

/** Asks modules in the gateway's own name. */
export function askAs({ contracts, dispatch }: Pick<GatewayOptions, 'contracts' | 'dispatch'>, base: RequestBase): Ask {
  const own = {
    actor: { kind: 'system' as const, id: 'gateway' },
    caller: 'gateway',
    key: undefined,
    undoesKey: undefined,
  }
  const context: CallContext = { ...base, ...own, signal: undefined }
  return async (module, name, input) => {
    const { kind } = contracts[module]!.operations[name]!
    const outcome = await dispatch({ module, name, path: `${module}.${name}`, kind, undoes: false }, context, input)
    if (outcome.ok) return outcome.value
    const { reason, code, message } = outcome.failure
    throw new DomainError(reason, code, message)
  }
}
