/** The internal face: every operation of the modules placed here, for processes that prove they belong to the hall. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { callPathPrefix, decodeCall, farBodyBytesMax, isSigned, signatureHeader } from '../calls/envelope.ts'
import type { BoundOperation } from '../calls/operation.ts'
import { isOutside, type Outcome, run } from '../calls/run.ts'
import { DomainError, failureOf, type Failure, unknownOperation } from '../errors.ts'
import { readBody } from './body.ts'

type InternalFace = {
  secret: string
  /** The operation at a path such as `orders.place`, if its module is placed here. */
  find(path: string): BoundOperation | undefined
  /** Whether the graph lets the caller call the module (or read its journal). */
  mayCall(caller: string, operation: BoundOperation): boolean
}

const notOurs = new DomainError('platform.not_a_process', 'UNAUTHORIZED', 'Only processes of this hall may call here.')

/** Makes the server of the internal face. It does not listen yet. */
export function createInternalServer(face: InternalFace): Server {
  const server = createServer((request, response) => {
    // Whether a process is there at all is no secret.
    if (request.url === '/healthz') {
      response.end()
      return
    }
    answer(face, request).then(
      (outcome) => send(response, outcome),
      (error: unknown) => send(response, { ok: false, failure: failureOf(error, new Set()) }),
    )
  })
  server.keepAliveTimeout = 60_000
  return server
}

async function answer(face: InternalFace, request: IncomingMessage): Promise<Outcome> {
  const hungUp = new AbortController()
  request.once('close', () => request.complete || hungUp.abort())
  const body = await readBody(request, farBodyBytesMax)
  const path = request.url?.startsWith(callPathPrefix) ? request.url.slice(callPathPrefix.length) : ''
  if (!isSigned(face.secret, { path, body }, request.headers[signatureHeader])) return refuse(notOurs)
  const operation = face.find(path)
  const call = decodeCall(body, hungUp.signal)
  if (!operation || !call) return refuse(unknownOperation(path))
  if (!isOutside(call.context.caller) && !face.mayCall(call.context.caller, operation))
    return refuse(unknownOperation(path))
  return run(operation, call.context, call.input)
}

const refuse = (error: DomainError): { ok: false; failure: Failure } => ({
  ok: false,
  failure: failureOf(error, new Set()),
})

function send(response: ServerResponse, outcome: Outcome): void {
  const text = JSON.stringify(outcome.ok ? { value: outcome.value } : { failure: outcome.failure })
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
