/**
 * The door to the board of the queues: for staff with `hall:operate`, and for looking only.
 *
 * A browser signs in with an API key as the password of HTTP Basic (the name is nobody's business). Only here: what a browser
 * adds to a request by itself must open nothing that changes something.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Request, RequestHandler, Response } from 'express'
import { type CallContext, deadlineMsDefault } from '../calls/context.ts'
import { DomainError, forbidden, unauthenticated } from '../errors.ts'
import { type Actor, holds } from '../values.ts'
import { boardHeaders } from './security-headers.ts'
import { requestIdOf, type TrpcFace } from './trpc-handler.ts'

export const queuesPath = '/queues'

/** Who sent a request, from its `Authorization`; throws where a key is given but wrong. */
export type ActorOf = (
  request: Pick<IncomingMessage, 'headers'>,
  context: Pick<CallContext, 'requestId' | 'deadlineAt' | 'traceparent'>,
) => Promise<Actor>

type Signing = { actorOf: ActorOf }

const permission = 'hall:operate'

const readOnly = () =>
  new DomainError(
    'platform.wrong_method',
    'METHOD_NOT_SUPPORTED',
    'The queues are for looking at. What failed is tried again with "hall dead retry".',
  )

/** Makes the door. `board` opens the queues when it is first asked for, and throws where they cannot be reached. */
export function createQueuesDoor(
  face: Signing & Pick<TrpcFace, 'newRequestId'>,
  board: () => Promise<RequestHandler>,
): RequestHandler {
  return async (request, response, next) => {
    await admitOperator(face, request, response)
    if (request.method !== 'GET' && request.method !== 'HEAD') throw readOnly()
    const handle = await board()
    response.set(boardHeaders)
    if (request.path.startsWith('/static/')) response.set('cache-control', 'private, max-age=86400')
    await handle(request, response, next)
  }
}

/** Lets in staff that may operate the hall, and throws what anybody else is told. */
export async function admitOperator(
  face: Signing & Pick<TrpcFace, 'newRequestId'>,
  request: Request,
  response: Response,
): Promise<void> {
  const base = {
    requestId: requestIdOf(request, face),
    traceparent: undefined,
    deadlineAt: Date.now() + deadlineMsDefault,
  }
  const actor = await signedIn(face, request, base).catch((error: unknown) => {
    // A browser asks its user then, and tries again.
    if (error instanceof DomainError && error.code === 'UNAUTHORIZED')
      response.set('www-authenticate', 'Basic realm="Markethall", charset="UTF-8"')
    throw error
  })
  if (!holds(actor, permission)) throw forbidden(permission)
}

async function signedIn(
  face: Signing,
  { headers }: { headers: IncomingHttpHeaders },
  base: Parameters<ActorOf>[1],
): Promise<Actor> {
  const actor = await face.actorOf({ headers: withBearer(headers) }, base)
  if (actor.kind === 'guest') throw unauthenticated()
  return actor
}

/** The headers, with the password of HTTP Basic as what the hall itself asks for. */
function withBearer(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const [, given] = /^Basic ([A-Za-z\d+/]+=*)$/i.exec(headers.authorization ?? '') ?? []
  if (given === undefined) return headers
  const text = Buffer.from(given, 'base64').toString('utf8')
  return { ...headers, authorization: `Bearer ${text.slice(text.indexOf(':') + 1)}` }
}
