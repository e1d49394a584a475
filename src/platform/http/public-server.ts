/**
 * The public face: the thin tRPC handler in front, Express for everything else (webhooks, health, readiness, and a JSON
 * answer with a reason for whatever is not there).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { type CallContext, deadlineMsDefault } from '../calls/context.ts'
import type { Contract } from '../contract.ts'
import { DomainError, errorShapeOf, failureOf, type Failure, httpStatusOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { RequestCounts } from '../telemetry/request-counts.ts'
import { type Actor, guest } from '../values.ts'
import { readBody } from './body.ts'
import {
  metricsPath,
  type OperatorDoors,
  sendFigures,
  sendHealth,
  sendReadiness,
  showsToken,
} from './operator-doors.ts'
import { type ActorOf, admitOperator, createQueuesDoor, queuesPath } from './queues-door.ts'
import { routeNames } from './route-names.ts'
import { jsonHeaders, pageHeaders, securityHeaders } from './security-headers.ts'
import {
  createTrpcHandler,
  headerBytesMax,
  publicRoutes,
  requestIdOf,
  type TrpcFace,
  trpcPrefix,
  urlLengthMax,
} from './trpc-handler.ts'

/** A path at which an outside party calls a module: its raw body and signature are handed on as they came. */
export type Webhook = { path: string; module: string; operation: string; signatureHeader: string }

type PublicFace = Pick<TrpcFace, 'dispatch' | 'newRequestId' | 'readCache'> & {
  contracts: Record<string, Contract>
  actorOf: ActorOf
  webhooks: readonly Webhook[]
  /** The page at `/`, as HTML; without one there is nothing there. */
  page?: (() => string) | undefined
  /** The board of the queues, opened when it is first asked for; throws where they cannot be reached. */
  queueBoard(): Promise<RequestHandler>
  doors: OperatorDoors
  requests: RequestCounts
  log: Log
}

/** The largest body of a request, in bytes. */
export const bodyBytesMax = 1024 * 1024
const nothing: ReadonlySet<string> = new Set()

const notFound = (path: string) =>
  new DomainError(
    'platform.not_found',
    'NOT_FOUND',
    `There is nothing at ${path.slice(0, 200)}. Operations are below ${trpcPrefix}.`,
  )

const malformed = () => new DomainError('platform.bad_request', 'BAD_REQUEST', 'The request is malformed.')
const urlTooLong = () =>
  new DomainError(
    'platform.url_too_long',
    'PAYLOAD_TOO_LARGE',
    `The URL is longer than ${urlLengthMax} characters. Ask for less at once.`,
  )
const headersTooLarge = () =>
  new DomainError(
    'platform.headers_too_large',
    'PAYLOAD_TOO_LARGE',
    `The URL and headers are larger than ${headerBytesMax} bytes together.`,
  )
const tooSlow = () =>
  new DomainError('platform.request_timeout', 'TIMEOUT', 'The request did not come to its end in time.')

/** How long whoever sent no HTTP may take to read what we say to it. */
const farewellMs = 2_000

/** Makes the server of the public face. It does not listen yet. */
export function createPublicServer(face: PublicFace): Server {
  const { contracts, actorOf } = face
  const routes = publicRoutes(contracts)
  const asClient = (actor: Actor) => ({ actor, caller: `client:${'id' in actor ? actor.id : actor.kind}` })
  const trpc = createTrpcHandler({
    ...face,
    bodyBytesMax,
    routeTo: (path) => routes.get(path),
    askerOf: async (request, base) => asClient(await actorOf(request, base)),
  })
  const app = createApp(face)
  const routeOf = routeNames(face.webhooks, [...routes.keys()])
  const server = createServer({ maxHeaderSize: headerBytesMax }, (request, response) => {
    const { url = '/' } = request
    face.requests.watch(routeOf(url), response)
    if (url.length > urlLengthMax) refuse(response, failureOf(urlTooLong(), nothing), { face, request, status: 414 })
    else if (url.startsWith(`${trpcPrefix}/`)) trpc(request, response)
    else app(request, response)
  })
  server.keepAliveTimeout = 30_000
  server.headersTimeout = 20_000
  server.requestTimeout = 60_000
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable) return
    const { status, refusal } = unreadable[error.code ?? ''] ?? { status: 400, refusal: malformed }
    const body = bodyOf(failureOf(refusal(), nothing), status)
    const headers = { ...jsonHeaders, connection: 'close', 'content-length': Buffer.byteLength(body) }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'))
    setTimeout(() => socket.destroy(), farewellMs).unref()
  })
  return server
}

/** What Node could not read as a request, by its code for it. */
const unreadable: Record<string, { status: number; refusal: () => DomainError }> = {
  HPE_HEADER_OVERFLOW: { status: 431, refusal: headersTooLarge },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, refusal: tooSlow },
}

function createApp(face: PublicFace) {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use((_request, response, next) => {
    response.set(securityHeaders).set('cache-control', 'no-store')
    next()
  })
  const { page } = face
  if (page) {
    app.get('/', (_request, response) => {
      const html = page()
      response.set(pageHeaders(html)).send(html)
    })
  }
  app.get('/healthz', (_request, response) => sendHealth(response))
  app.get('/readyz', (_request, response) => sendReadiness(face.doors, response))
  app.get(metricsPath, createFiguresDoor(face))
  app.use(queuesPath, createQueuesDoor(face, face.queueBoard))
  for (const webhook of face.webhooks) app.post(webhook.path, receiver(face, webhook))
  app.use((request: IncomingMessage, response: ServerResponse) => {
    refuse(response, failureOf(notFound(request.url ?? '/'), nothing), { face, request })
  })
  app.use(onError(face))
  return app
}

/** Whoever may look at the queues may look at figures. The token asks no database, so that it opens when that is away. */
function createFiguresDoor(face: PublicFace): RequestHandler {
  const { metricsToken } = face.doors
  return async (request, response) => {
    if (metricsToken === undefined || !showsToken(request, metricsToken)) await admitOperator(face, request, response)
    await sendFigures(face.doors, response)
  }
}

/** Hands a webhook's raw body, and the signature that covers it, to the module that can check it. */
function receiver(face: PublicFace, { module, operation, signatureHeader }: Webhook): RequestHandler {
  const route = { module, name: operation, path: `${module}.${operation}`, kind: 'command' as const, undoes: false }
  return async (request, response) => {
    const requestId = requestIdOf(request, face)
    const body = await readBody(request, bodyBytesMax)
    const context: CallContext = {
      actor: guest,
      caller: 'client:webhook',
      requestId,
      traceparent: undefined,
      deadlineAt: Date.now() + deadlineMsDefault,
      key: undefined,
      undoesKey: undefined,
      signal: undefined,
    }
    const signature = request.header(signatureHeader) ?? ''
    const outcome = await face.dispatch(route, context, { body, signature })
    if (outcome.ok) response.set('x-request-id', requestId).json(outcome.value)
    else refuse(response, outcome.failure, { face, request, requestId })
  }
}

/** Express's own refusals (a malformed path, say) and our bugs, as JSON with a reason. */
const onError = (face: PublicFace): ErrorRequestHandler => {
  // Express knows an error handler by its four parameters.
  return (error: unknown, request, response, _next) => {
    const status = (error as { status?: unknown }).status
    const isClients = typeof status === 'number' && status < 500
    const refusal = isClients ? malformed() : error
    const failure = failureOf(refusal, nothing)
    const requestId = requestIdOf(request, face)
    if (failure.reason === 'platform.internal') face.log.error({ err: error, requestId }, 'a request failed')
    refuse(response, failure, { face, request, requestId })
  }
}

type Refused = { face: PublicFace; request: IncomingMessage; requestId?: string; status?: number }

function refuse(
  response: ServerResponse,
  failure: Failure,
  { face, request, requestId = requestIdOf(request, face), status = httpStatusOf(failure.code) }: Refused,
): void {
  if (response.headersSent) return
  response.writeHead(status, { ...jsonHeaders, 'x-request-id': requestId })
  response.end(bodyOf(failure, status))
}

/** Some statuses have no code of their own in tRPC: then the code is the next best, and the status still true. */
function bodyOf(failure: Failure, httpStatus: number): string {
  const error = errorShapeOf(failure, '')
  return JSON.stringify({ error: { ...error, data: { ...error.data, httpStatus } } })
}
