/**
 * Stock tRPC clients at the internal face: `/trpc` beside our own wire, for programs that call as a module does and bring no code of
 * ours. They show a token (client-tokens.ts), and reach what the graph lets their module call, internal operations among it.
 *
 * Our own wire seals each request, so that nothing overheard can be said again. A stock client shows the same header each time, so it is
 * heard only where nobody can listen: on a connection with certificates, or from this machine itself.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type BoundOperation } from '../calls/operation.ts'
import { run } from '../calls/run.ts'
import { DomainError, unknownOperation } from '../errors.ts'
import { ClientTokens } from '../far/client-tokens.ts'
import { refuse } from '../far/link.ts'
import { farBodyBytesMax } from '../far/wire.ts'
import { randomIds } from '../ids.ts'
import { bearerOf } from './bearer.ts'
import { type Asker, createTrpcHandler } from './trpc-handler.ts'

type TrpcDoor = {
  secret: string
  find(path: string): BoundOperation | undefined
  mayCall(caller: string, operation: BoundOperation): boolean
  /** Whether the other side of the connection is this process, as far as certificates can tell. */
  isCertified(request: IncomingMessage, process: string): boolean
  /** What is said to those who show nothing, or nothing of this hall. */
  notOurs: DomainError
}

const overheard = new DomainError(
  'platform.insecure_connection',
  'FORBIDDEN',
  'A token can be overheard on this connection. Call from the same machine, or set INTERNAL_TLS_CERT, INTERNAL_TLS_KEY and INTERNAL_TLS_CA.',
)
const expired = new DomainError(
  'platform.token_expired',
  'UNAUTHORIZED',
  'The token has ended. Make another with "hall token".',
)

/** Makes the handler of what is below `/trpc`. */
export function createTrpcDoor(door: TrpcDoor): (request: IncomingMessage, response: ServerResponse) => void {
  const tokens = new ClientTokens(door.secret)
  return createTrpcHandler({
    routeTo(path) {
      const operation = door.find(path)
      if (!operation) return undefined
      const { module, name, spec } = operation
      return { module, name, path, kind: spec.kind, undoes: false, cached: false }
    },
    async dispatch(route, context, input) {
      const operation = door.find(route.path)
      const isAllowed = operation !== undefined && door.mayCall(context.caller, operation)
      return isAllowed ? run(operation, context, input) : refuse(unknownOperation(route.path))
    },
    askerOf: async (request) => askerOf(door, tokens, request),
    newRequestId: () => randomIds('req', { module: 'gateway', requestId: '' }),
    bodyBytesMax: farBodyBytesMax,
    saysDeadlines: true,
  })
}

function askerOf({ isCertified, notOurs }: TrpcDoor, tokens: ClientTokens, request: IncomingMessage): Asker {
  const token = bearerOf(request)
  if (token === undefined) throw notOurs
  if (!isPrivate(request)) throw overheard
  const introduced = tokens.read(token)
  if (introduced === 'expired') throw expired
  if (!introduced || !isCertified(request, introduced.process)) throw notOurs
  return introduced
}

const loopback = /^(::ffff:)?127\.|^::1$/

/** Whether nobody between the two can listen. */
const isPrivate = ({ socket }: IncomingMessage): boolean =>
  'encrypted' in socket || loopback.test(socket.remoteAddress ?? '')
