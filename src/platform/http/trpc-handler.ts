/**
 * The thin handler for stock tRPC clients, of the public face and beside our own wire: it answers plain queries, mutations and batches,
 * without the stock adapter's 250 µs per call.
 *
 * `GET /trpc/catalog.list?input=…`, `POST /trpc/checkout.complete`, and batches `…/a.b,c.d?batch=1`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type CallContext, deadlineMsDefault } from '../calls/context.ts'
import type { Dispatch, Route } from '../calls/clients.ts'
import type { Contract } from '../contract.ts'
import { DomainError, errorShapeOf, failureOf, httpStatusOf, unknownOperation } from '../errors.ts'
import { readBody } from './body.ts'
import type { KeptAnswer, ReadCache, Stamps } from './read-cache.ts'
import { jsonHeaders } from './security-headers.ts'

/** For whom a request asks, and in whose name. */
export type Asker = Pick<CallContext, 'actor' | 'caller'>

export type TrpcFace = {
  /** The operation at a path such as `orders.get`; undefined where there is none for those who ask here. */
  routeTo(path: string): TrpcRoute | undefined
  dispatch: Dispatch
  /** Who sent the request, from its `Authorization`; throws where a key is given but wrong. */
  askerOf(
    request: IncomingMessage,
    context: Pick<CallContext, 'requestId' | 'deadlineAt' | 'traceparent'>,
  ): Promise<Asker>
  newRequestId(): string
  /** The largest body of a request, in bytes. */
  bodyBytesMax: number
  /** Whether a request may say how many milliseconds it waits, in `x-deadline-ms`. */
  saysDeadlines?: boolean
  /** What guests are answered from memory; undefined where every question goes to its module. */
  readCache?: ReadCache | undefined
}

export type TrpcRoute = Route & { cached: boolean }
type Result = { status: number; body: unknown; retryAfterMs?: number | undefined }
type Asked = { route: TrpcRoute | undefined; path: string; input: unknown }

export const urlLengthMax = 32_768
/** Room for the longest URL, and as much again for everything else. */
export const headerBytesMax = 2 * urlLengthMax
const deadlineMsMax = 600_000
const batchMax = 100
const nothing: ReadonlySet<string> = new Set()

const badJson = () => new DomainError('platform.malformed_json', 'BAD_REQUEST', 'The input is not JSON.')
const badKey = () =>
  new DomainError(
    'platform.bad_key',
    'BAD_REQUEST',
    'An Idempotency-Key is one header of 16 to 200 visible ASCII characters, such as a UUID.',
  )
const badDeadline = () =>
  new DomainError(
    'platform.bad_deadline',
    'BAD_REQUEST',
    `x-deadline-ms is a whole number of milliseconds, ${deadlineMsMax} at most.`,
  )
const badPath = () => new DomainError('platform.bad_request', 'BAD_REQUEST', 'The path is not well encoded.')
const keyedBatch = () =>
  new DomainError(
    'platform.keyed_batch',
    'BAD_REQUEST',
    'A batch with an Idempotency-Key may hold one mutation only. Send each by itself.',
  )
const batchTooLarge = () =>
  new DomainError('platform.batch_too_large', 'BAD_REQUEST', `A batch may hold at most ${batchMax} calls.`)
const wrongMethod = (kind: string) =>
  new DomainError(
    'platform.wrong_method',
    'METHOD_NOT_SUPPORTED',
    kind === 'query' ? 'Queries are asked with GET.' : 'Mutations are sent with POST.',
  )

/** Below what stock clients ask, at either face. */
export const trpcPrefix = '/trpc'

/** Answers requests below `/trpc`. Whoever mounts it has checked that the path starts with it. */
export function createTrpcHandler(face: TrpcFace) {
  const { readCache } = face
  const askModules = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = requestIdOf(request, face)
    let results: Result[] | undefined
    let stamps: Stamps | undefined
    let isBatch = false
    const hungUp = new AbortController()
    response.once('close', () => response.writableFinished || hungUp.abort())
    try {
      const url = new URL(request.url ?? '/', 'http://hall')
      isBatch = url.searchParams.get('batch') === '1'
      const asked = { url, isBatch, request, requestId, signal: hungUp.signal }
      ;({ results, stamps } = await answer(face, asked))
    } catch (error) {
      results = [resultOf(error, '')]
      isBatch = false
    }
    const text = send(response, { results, isBatch, requestId })
    const isGood = results.every(({ status }) => status === 200)
    if (stamps && isGood) readCache?.keep(request.url!, { body: Buffer.from(text), stamps })
  }
  const checkFirst = async (cache: ReadCache, kept: KeptAnswer, exchange: Exchange) => {
    if (await cache.check(kept)) sendKept(kept, exchange, face)
    else await askModules(exchange.request, exchange.response)
  }
  return (request: IncomingMessage, response: ServerResponse): void => {
    const kept = readCache !== undefined && isOpenQuestion(request) ? readCache.find(request.url!) : undefined
    if (readCache === undefined || kept === undefined) return void askModules(request, response)
    const isRight = readCache.isRight(kept)
    if (isRight) sendKept(kept, { request, response }, face)
    else if (isRight === undefined) void checkFirst(readCache, kept, { request, response })
    else void askModules(request, response)
  }
}

type Exchange = { request: IncomingMessage; response: ServerResponse }

/** Whether the answer depends on nothing but the URL: a guest asks, and sends no key that would have to be judged. */
const isOpenQuestion = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && headers.authorization === undefined && headers['idempotency-key'] === undefined

function sendKept({ body }: KeptAnswer, { request, response }: Exchange, face: TrpcFace): void {
  if (response.destroyed) return
  const ids = { 'content-length': body.length, 'x-request-id': requestIdOf(request, face) }
  response.writeHead(200, { ...jsonHeaders, ...ids })
  response.end(body)
}

/** The operations that there are for the world outside, by their paths. */
export function publicRoutes(contracts: Record<string, Contract>): Map<string, TrpcRoute> {
  const routes = new Map<string, TrpcRoute>()
  for (const [module, { operations }] of Object.entries(contracts)) {
    for (const [name, { kind, access, cached }] of Object.entries(operations)) {
      // To the world outside an internal operation does not exist.
      if (access.kind === 'internal') continue
      routes.set(`${module}.${name}`, { module, name, path: `${module}.${name}`, kind, undoes: false, cached })
    }
  }
  return routes
}

type Request = {
  url: URL
  isBatch: boolean
  request: IncomingMessage
  requestId: string
  /** Aborted when the client hangs up before it is answered. */
  signal: AbortSignal
}

async function answer(face: TrpcFace, asked: Request): Promise<{ results: Result[]; stamps: Stamps | undefined }> {
  const { url, isBatch, request, requestId } = asked
  const isPost = request.method === 'POST'
  if (!isPost && request.method !== 'GET') throw wrongMethod('query')
  const body = isPost ? await readBody(request, face.bodyBytesMax) : (url.searchParams.get('input') ?? undefined)
  const calls = callsOf(face, asked, inputOf(body))
  const key = keyOf(request)
  if (key !== undefined && calls.filter(({ route }) => route?.kind !== 'query').length > 1) throw keyedBatch()
  const base = { requestId, traceparent: traceOf(request), deadlineAt: Date.now() + waitMsOf(face, request) }
  const { actor, caller } = await face.askerOf(request, base)
  const context: CallContext = {
    ...base,
    actor,
    caller,
    key: undefined,
    undoesKey: undefined,
    signal: asked.signal,
  }
  const one = async ({ route, path, input }: Asked, index: number): Promise<Result> => {
    try {
      if (!route) throw unknownOperation(path)
      const isQuery = route.kind === 'query'
      if (isQuery === isPost) throw wrongMethod(route.kind)
      // Calls of one batch are told apart, so that the ids they make are too.
      const own = isBatch && index > 0 ? `${requestId}.${index}` : requestId
      const outcome = await face.dispatch(route, { ...context, requestId: own, key: isQuery ? undefined : key }, input)
      if (outcome.ok) return { status: 200, body: { result: { data: outcome.value } } }
      return failed(outcome.failure, path)
    } catch (error) {
      return resultOf(error, path)
    }
  }
  const stamps = await stampsFor(face, request, calls)
  return { results: await Promise.all(calls.map(one)), stamps }
}

/** What must be known before the modules are asked, so that their answers can be kept; undefined where they cannot. */
async function stampsFor({ readCache }: TrpcFace, request: IncomingMessage, calls: Asked[]) {
  if (readCache === undefined || !isOpenQuestion(request)) return undefined
  if (!calls.every(({ route }) => route?.cached)) return undefined
  return readCache.stamps(calls.map(({ route }) => route!.module))
}

function callsOf(face: TrpcFace, { url, isBatch }: Request, input: unknown): Asked[] {
  const path = decoded(url.pathname.slice(trpcPrefix.length).replace(/^\//, ''))
  if (!isBatch) return [{ route: face.routeTo(path), path, input }]
  const paths = path.split(',')
  if (paths.length > batchMax) throw batchTooLarge()
  const inputs: Record<string, unknown> = typeof input === 'object' && input !== null ? { ...input } : {}
  return paths.map((each, index) => ({ route: face.routeTo(each), path: each, input: inputs[index] }))
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw badPath()
  }
}

/** A stock client sends no input at all for `undefined`. */
function inputOf(text: string | undefined): unknown {
  if (text === undefined || text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw badJson()
  }
}

function keyOf(request: IncomingMessage): string | undefined {
  const key = headerOf(request, 'idempotency-key')
  if (key === undefined) return undefined
  // Guests share a scope: a key that can be guessed would hand one guest's answer to another.
  if (!/^[!-~]{16,200}$/.test(key)) throw badKey()
  return key
}

function waitMsOf({ saysDeadlines }: TrpcFace, request: IncomingMessage): number {
  const given = saysDeadlines ? headerOf(request, 'x-deadline-ms') : undefined
  if (given === undefined) return deadlineMsDefault
  if (!/^\d{1,6}$/.test(given) || Number(given) > deadlineMsMax) throw badDeadline()
  return Number(given)
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** W3C trace context, where it is well formed. */
function traceOf(request: IncomingMessage): string | undefined {
  const given = headerOf(request, 'traceparent')
  return given !== undefined && /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/.test(given) ? given : undefined
}

/** The client's request id where it is fit for logs, else a new one. */
export function requestIdOf(request: IncomingMessage, face: Pick<TrpcFace, 'newRequestId'>): string {
  const given = headerOf(request, 'x-request-id')
  return given !== undefined && /^[\w.:-]{8,100}$/.test(given) ? given : face.newRequestId()
}

const resultOf = (error: unknown, path: string): Result => failed(failureOf(error, nothing), path)

const failed = (failure: ReturnType<typeof failureOf>, path: string): Result => ({
  status: httpStatusOf(failure.code),
  body: { error: errorShapeOf(failure, path) },
  retryAfterMs: failure.retryAfterMs,
})

function send(
  response: ServerResponse,
  { results, isBatch, requestId }: { results: Result[]; isBatch: boolean; requestId: string },
): string {
  const [first] = results
  const text = JSON.stringify(isBatch ? results.map(({ body }) => body) : first?.body)
  if (response.headersSent || response.destroyed) return text
  const statuses = new Set(results.map(({ status }) => status))
  const status = statuses.size > 1 ? 207 : (first?.status ?? 200)
  const headers: Record<string, string | number> = {
    ...jsonHeaders,
    'content-length': Buffer.byteLength(text),
    'x-request-id': requestId,
  }
  if (status === 413) headers['connection'] = 'close'
  if (first?.retryAfterMs !== undefined) headers['retry-after'] = Math.ceil(first.retryAfterMs / 1000)
  response.writeHead(status, headers)
  response.end(text)
  return text
}
