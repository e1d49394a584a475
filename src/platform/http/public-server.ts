/**
 * The public face: the thin tRPC handler in front, Express for everything else (webhooks, health, readiness, and a JSON
 * answer with a reason for whatever is not there).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { type CallContext, deadlineMsDefault } from '../calls/context.ts'
import { DomainError, errorShapeOf, failureOf, type Failure, httpStatusOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { guest } from '../values.ts'
import { readBody } from './body.ts'
import { bodyBytesMax, createTrpcHandler, requestIdOf, type TrpcFace } from './trpc-handler.ts'

/** A path at which an outside party calls a module: its raw body and signature are handed on as they came. */
export type Webhook = { path: string; module: string; operation: string; signatureHeader: string }

type PublicFace = TrpcFace & {
  webhooks: readonly Webhook[]
  /** Whether the hall can do its work now; what is wrong otherwise. */
  readiness(): Promise<{ ready: boolean; problems: string[] }>
  log: Log
}

const trpcPrefix = '/trpc'
const nothing: ReadonlySet<string> = new Set()

const notFound = (path: string) =>
  new DomainError(
    'platform.not_found',
    'NOT_FOUND',
    `There is nothing at ${path.slice(0, 200)}. Operations are below ${trpcPrefix}.`,
  )

const malformed = () => new DomainError('platform.bad_request', 'BAD_REQUEST', 'The request is malformed.')

/** Makes the server of the public face. It does not listen yet. */
export function createPublicServer(face: PublicFace): Server {
  const trpc = createTrpcHandler(face, trpcPrefix)
  const app = createApp(face)
  const server = createServer((request, response) => {
    const { url = '/' } = request
    if (url.startsWith(`${trpcPrefix}/`)) void trpc(request, response)
    else app(request, response)
  })
  server.keepAliveTimeout = 30_000
  server.headersTimeout = 20_000
  server.requestTimeout = 60_000
  server.on('clientError', (_error, socket) => {
    if (!socket.writable) return
    const body = bodyOf(failureOf(malformed(), nothing))
    const head = ['HTTP/1.1 400 Bad Request', 'connection: close', 'content-type: application/json; charset=utf-8']
    socket.end([...head, `content-length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'))
  })
  return server
}

function createApp(face: PublicFace) {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }))
  app.get('/readyz', async (_request, response) => {
    const { ready, problems } = await face.readiness()
    response.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not ready', problems })
  })
  for (const webhook of face.webhooks) app.post(webhook.path, receiver(face, webhook))
  app.use((request: IncomingMessage, response: ServerResponse) => {
    refuse(response, failureOf(notFound(request.url ?? '/'), nothing), requestIdOf(request, face))
  })
  app.use(onError(face))
  return app
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
    else refuse(response, outcome.failure, requestId)
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
    refuse(response, failure, requestId)
  }
}

function refuse(response: ServerResponse, failure: Failure, requestId: string): void {
  if (response.headersSent) return
  const text = bodyOf(failure)
  response.writeHead(httpStatusOf(failure.code), {
    'content-type': 'application/json; charset=utf-8',
    'x-request-id': requestId,
  })
  response.end(text)
}

const bodyOf = (failure: Failure): string => JSON.stringify({ error: errorShapeOf(failure, '') })
