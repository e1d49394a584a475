/**
 * The internal face: every operation of the modules placed here, for processes that have shown that they belong to the hall, and for stock
 * clients that one of its operators has introduced.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { BoundOperation } from '../calls/operation.ts'
import { isOutside, type Outcome, run } from '../calls/run.ts'
import { DomainError, failureOf, unknownOperation } from '../errors.ts'
import type { Certificates } from '../far/certificates.ts'
import { refuse } from '../far/link.ts'
import { type Caller, Callers } from '../far/tokens.ts'
import {
  type ArrivedCall,
  callsPath,
  decodeEntries,
  encodeOutcome,
  farBodyBytesMax,
  sealHeader,
  staleSeal,
  tokenHeader,
} from '../far/wire.ts'
import { readBytes } from './body.ts'
import { answerOperator, type OperatorDoors } from './operator-doors.ts'
import { createTrpcDoor } from './trpc-door.ts'
import { headerBytesMax, trpcPrefix } from './trpc-handler.ts'

type InternalFace = {
  secret: string
  /** The operation at a path such as `orders.place`, if its module is placed here. */
  find(path: string): BoundOperation | undefined
  /** Whether the graph lets the caller call the module (or read its journal). */
  mayCall(caller: string, operation: BoundOperation): boolean
  /** Is told of each request, and how many calls share it. */
  arrived?(calls: number): void
  /** Where there are some, both sides must show one of the hall's authority. */
  certificates?: Certificates | undefined
  /** What operators may ask here besides; without it only whether the process lives. */
  doors?: OperatorDoors | undefined
}

const notOurs = new DomainError('platform.not_a_process', 'UNAUTHORIZED', 'Only processes of this hall may call here.')

/** Makes the server of the internal face. It does not listen yet. */
export function createInternalServer(face: InternalFace): Server {
  const callers = new Callers(face.secret, isOutside)
  const trpc = createTrpcDoor({ ...face, isCertified, notOurs })
  const server = serverFor(face.certificates, (request, response) => {
    // Calls come first: all else is rare.
    if (request.url === callsPath) {
      answerCalls({ face, callers }, request, response).catch((error: unknown) => refuseAll(response, error))
      return
    }
    // Whether a process is there at all is no secret.
    if (request.url === '/healthz') {
      response.end()
      return
    }
    if (face.doors && answerOperator(face.doors, { request, response }, { isOpen: false })) return
    if (request.url?.startsWith(`${trpcPrefix}/`)) return trpc(request, response)
    refuseAll(response, notOurs)
  })
  server.keepAliveTimeout = 60_000
  return server
}

function serverFor(certificates: Certificates | undefined, listener: RequestListener): Server {
  const reading = { maxHeaderSize: headerBytesMax }
  if (!certificates) return createServer(reading, listener)
  const options = () => ({ ...certificates.current(), requestCert: true, rejectUnauthorized: true })
  const server = createTlsServer({ ...reading, ...options() }, listener)
  certificates.onRenewed(() => server.setSecureContext(options()))
  // What is asked of it here, both kinds have alike.
  return server
}

/** Where certificates are used, the other side must be whom its own names. Looked at once per connection. */
function isCertified({ socket }: IncomingMessage, process: string): boolean {
  if (!('getPeerCertificate' in socket)) return true
  const known = certified.get(socket)
  if (known !== undefined) return known === process
  const { CN } = (socket as TLSSocket).getPeerCertificate().subject
  const name = (Array.isArray(CN) ? CN[0] : CN) ?? ''
  certified.set(socket, name)
  return name === process
}

const certified = new WeakMap<Socket, string>()

type Door = { face: InternalFace; callers: Callers }

async function answerCalls({ face, callers }: Door, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBytes(request, farBodyBytesMax)
  const { [tokenHeader]: token, [sealHeader]: seal } = request.headers
  const caller = callers.find({ token: String(token), seal: String(seal), body })
  if (caller === 'stale') return send(response, 401, staleSeal)
  if (!caller || !isCertified(request, caller.process)) throw notOurs
  const entries = decodeEntries(body.toString('utf8'))
  if (!entries) throw notOurs
  const calls = entries.filter((entry): entry is ArrivedCall => !('cancel' in entry))
  for (const entry of entries) if ('cancel' in entry) caller.running.get(entry.cancel)?.abort()
  face.arrived?.(calls.length)
  const answers = new Answers(response, calls.length)
  const batch = calls.map((call) => startCall({ face, process: caller, answers }, call))
  response.once('close', () => {
    // Nobody waits any more: queries end, commands go on.
    if (!response.writableFinished) for (const query of batch) query?.abort()
  })
}

/** Starts a call. Answers what stops it, where it can be stopped. */
function startCall(
  { face, process, answers }: { face: InternalFace; process: Caller; answers: Answers },
  { id, path, context, input }: ArrivedCall,
): AbortController | undefined {
  const operation = face.find(path)
  const { caller } = context
  const isAllowed =
    operation !== undefined && process.speaksFor(caller) && (isOutside(caller) || face.mayCall(caller, operation))
  if (!isAllowed) {
    answers.add(id, refuse(unknownOperation(path)))
    return undefined
  }
  const stop = operation.spec.kind === 'query' ? new AbortController() : undefined
  if (stop) process.running.set(id, stop)
  void run(operation, { ...context, signal: stop?.signal }, input).then((outcome) => {
    if (stop) process.running.delete(id)
    answers.add(id, outcome)
  })
  return stop
}

/** The lines of one answer: what is through in the same instant is sent together, and all at once where that is all. */
class Answers {
  readonly #response: ServerResponse
  #left: number
  #lines = ''
  #isGathering = false

  constructor(response: ServerResponse, count: number) {
    this.#response = response
    this.#left = count
    if (count === 0) this.#send()
  }

  add(id: number, outcome: Outcome): void {
    this.#lines += encodeOutcome(id, outcome)
    this.#left -= 1
    if (this.#left === 0) return this.#send()
    if (this.#isGathering) return
    this.#isGathering = true
    setImmediate(() => {
      this.#isGathering = false
      if (this.#left > 0) this.#send()
    })
  }

  #send(): void {
    const response = this.#response
    const lines = this.#lines
    this.#lines = ''
    if (response.destroyed) return
    if (this.#left > 0) return void response.write(lines)
    if (!response.headersSent) response.setHeader('content-length', Buffer.byteLength(lines))
    response.end(lines)
  }
}

function refuseAll(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) return
  const failure = failureOf(error, new Set())
  send(response, failure.code === 'UNAUTHORIZED' ? 401 : 400, JSON.stringify({ failure }))
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
