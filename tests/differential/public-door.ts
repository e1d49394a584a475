/**
 * What a client outside the hall sees: stock tRPC clients, as they are published, at the public face.
 *
 * The door may differ from a call within the hall in what is named here, each for its reason, and in nothing else:
 * - `meta` of the clients' errors: how HTTP answered. What it says is checked here.
 * - who asks is who shows a credential that identity knows, and the caller is `client:<who>` (`asClient`);
 * - a deadline, an undo, a caller among the modules cannot be said there: such calls are made within (`canBeAsked`);
 * - keys are 16 to 200 visible ASCII characters, since guests share a scope (`fitKey`);
 * - URLs and bodies have limits, beyond which they are not even read (`limitOf`);
 * - guests are answered from memory for a moment. memory.ts compares that, and here it is asked past it;
 * - the clients write an input when they like, so what is theirs to spoil is not spoilt.
 */
import { guest } from '#platform/values'
import type { TestHall } from '#testing/hall'
import { bodyBytesMax } from '#platform/http/public-server'
import { urlLengthMax } from '#platform/http/trpc-handler'
import { createTRPCClient, httpBatchLink, httpLink, type TRPCClientError } from '@trpc/client'
import { hallContracts } from '../../src/contracts.ts'
import type { Operation } from '#platform/contract'
import { type Call, type Complete, type Outcome, outcomeOf } from './ask.ts'

type Sent = { path: string; input: unknown; kind: 'query' | 'mutation'; headers: Record<string, string> }
type Options = { context: { headers: Record<string, string> } }
type AnyClient = Record<
  string,
  Record<string, Record<'query' | 'mutate', (input: unknown, options: Options) => Promise<unknown>>>
>

export const specOf = (path: string): Operation => {
  const [module, name] = path.split('.') as [keyof typeof hallContracts, string]
  return (hallContracts[module].operations as Record<string, Operation>)[name]!
}

/** Whether a client outside could make this call, who is able to show who he is. */
export function canBeAsked({ path, caller, undoesKey, timeoutMs }: Call): boolean {
  if (undoesKey !== undefined || timeoutMs !== undefined) return false
  const isOutside = caller?.startsWith('client:') ?? false
  return specOf(path).access.kind === 'internal' ? isOutside : isOutside || caller === 'gateway'
}

/** The call as the door hands it on. */
export function asClient(call: Complete): Complete {
  const { actor, key } = call
  const caller = `client:${'id' in actor ? actor.id : guest.kind}`
  return key === undefined ? { ...call, caller } : { ...call, caller, key: fitKey(key) }
}

const fitKey = (key: string): string => key.replaceAll(/[^!-~]/g, '_').padEnd(16, '_')

const kindOf = (path: string): Sent['kind'] => (specOf(path).kind === 'query' ? 'query' : 'mutation')

/** The reason for which the door refuses what is too large for it, or undefined. */
export function limitOf({ path, input }: Call): string | undefined {
  const text = JSON.stringify(input) ?? ''
  if (kindOf(path) === 'mutation')
    // A batch of one has its input under its number.
    return Buffer.byteLength(text) + '{"0":}'.length > bodyBytesMax ? 'platform.payload_too_large' : undefined
  const url = `/trpc/${path}?batch=1&input=${encodeURIComponent(`{"0":${text}}`)}`
  return url.length > urlLengthMax ? 'platform.url_too_long' : undefined
}

export class PublicDoor {
  readonly #clients: readonly AnyClient[]
  readonly #unknown = new Map<string, Outcome>()
  #asked = 0

  constructor({ url }: TestHall) {
    const to = { url: `${url}/trpc` }
    const alone = httpLink({ ...to, headers: ({ op }) => op.context['headers'] as Record<string, string> })
    const batched = httpBatchLink({
      ...to,
      headers: ({ opList: [op] }) => op.context['headers'] as Record<string, string>,
    })
    this.#clients = [alone, batched].map((link) => createTRPCClient({ links: [link] }) as unknown as AnyClient)
  }

  /** Asks, alone and in a batch by turns. */
  ask({ path, input, requestId, key }: Complete, authorization: string): Promise<Outcome> {
    const isFromMemory = authorization === '' && specOf(path).cached
    const given = key ?? (isFromMemory ? 'past-the-memory-of-guests' : undefined)
    return this.#send({ path, input, kind: kindOf(path), headers: headersOf({ requestId, key: given, authorization }) })
  }

  /** What there is at this path for those outside, which must be nothing: the answer to a name that was made up just now. */
  async tellsApart({ path, input, requestId }: Complete, authorization: string): Promise<Outcome | undefined> {
    const kind = kindOf(path)
    const headers = headersOf({ requestId, key: undefined, authorization })
    const [module, name = ''] = path.split('.')
    const invented = `${module}.${'o'.repeat(name.length)}`
    const known = `${kind} ${path}`
    const nothing = this.#unknown.get(known) ?? (await this.#send({ path: invented, input: {}, kind, headers }))
    this.#unknown.set(known, nothing)
    const seen = await this.#send({ path, input, kind, headers })
    const expected = JSON.stringify(nothing).replaceAll(invented, path)
    return JSON.stringify(seen) === expected && !seen.ok && seen.reason === 'platform.unknown_operation'
      ? undefined
      : seen
  }

  #send({ path, input, kind, headers }: Sent): Promise<Outcome> {
    const [module, name] = path.split('.') as [string, string]
    const client = this.#clients[(this.#asked += 1) % this.#clients.length]!
    const verb = kind === 'query' ? 'query' : 'mutate'
    const asking = client[module]![name]![verb](structuredClone(input), { context: { headers } })
    return outcomeOf(() => asking.catch((error: unknown) => Promise.reject(withoutMeta(error as never, headers))))
  }
}

function headersOf(given: {
  requestId: string
  key: string | undefined
  authorization: string
}): Record<string, string> {
  const { requestId, key, authorization } = given
  return {
    'x-request-id': requestId,
    ...(key !== undefined && { 'idempotency-key': key }),
    ...(authorization !== '' && { authorization }),
  }
}

/** HTTP said the same as the answer, and bears the request's id. */
function withoutMeta(error: TRPCClientError<any>, sent: Record<string, string>): unknown {
  const { response } = error.meta as { response: Response }
  const { httpStatus } = error.data as { httpStatus: number }
  // A URL that is too long is refused with a status of its own, which tRPC has no code for.
  if (response.status !== httpStatus || response.headers.get('x-request-id') !== sent['x-request-id'])
    throw new Error(`HTTP says ${response.status}, the answer ${httpStatus}.`, { cause: error })
  error.meta = undefined
  return error
}
