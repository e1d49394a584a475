/** The gateway: who sent a request, by asking the module that knows API keys. */
import type { IncomingMessage } from 'node:http'
import { hashApiKey, looksLikeApiKey } from '../api-key.ts'
import type { Dispatch } from '../calls/clients.ts'
import type { CallContext } from '../calls/context.ts'
import type { Contract } from '../contract.ts'
import { DomainError, wrongKey } from '../errors.ts'
import type { Actor } from '../values.ts'

/** Calls an operation as the gateway. Throws the failure that the operation answers. */
export type Ask = (module: string, operation: string, input: unknown) => Promise<unknown>

type GatewayOptions = {
  contracts: Record<string, Contract>
  dispatch: Dispatch
  /** Answers who holds the API key with this hash. */
  authenticate(ask: Ask, keyHash: string): Promise<Actor | undefined>
}

type RequestBase = Pick<CallContext, 'requestId' | 'deadlineAt' | 'traceparent'>

/** How long the gateway believes what it was told of an API key: a revoked one works at most that much longer. */
const keyMemoryMs = 5_000
const keysMax = 10_000

/** Makes what the public face asks about a request. */
export function createGateway(options: GatewayOptions) {
  const known = new Map<string, { actor: Actor; until: number }>()
  return {
    async actorOf(request: IncomingMessage, base: RequestBase): Promise<Actor> {
      const header = request.headers.authorization
      if (header === undefined) return { kind: 'guest' }
      const key = /^Bearer (\S+)$/i.exec(header)?.[1]
      if (key === undefined || !looksLikeApiKey(key)) throw wrongKey()
      const keyHash = hashApiKey(key)
      const remembered = known.get(keyHash)
      if (remembered && remembered.until > Date.now()) return remembered.actor
      const actor = await options.authenticate(askAs(options, base), keyHash)
      if (!actor) throw wrongKey()
      if (known.size >= keysMax) known.clear()
      known.set(keyHash, { actor, until: Date.now() + keyMemoryMs })
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
