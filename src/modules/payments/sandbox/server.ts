/**
 * A payment provider to develop and test against: a real HTTP server with durable state, which misbehaves on demand by
 * card token (README.md lists them). Whatever it answers is committed before, so a client that lost the answer can ask again.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import { createGroupCommit, type GroupCommit } from './group-commit.ts'
import { openStore, type Store } from './store.ts'
import { submit } from './submit.ts'
import { createWebhookSender, type SandboxLog, type WebhookSender } from './webhooks.ts'
import {
  attemptBody,
  attemptKey,
  booksQuery,
  pageQuery,
  Refusal,
  webhookEndpoint,
  type WebhookEndpoint,
} from './wire.ts'

const bodyBytesMax = 64 * 1024

export type SandboxOptions = {
  /** Where it listens: 127.0.0.1 unless told. */
  host?: string
  /** 0 picks a free one. */
  port: number
  /** The SQLite file, made if missing; `:memory:` forgets everything at close. */
  file: string
  /** Registered at the start, as by `PUT /v1/webhook-endpoint`. */
  webhook?: WebhookEndpoint
  log?: SandboxLog
  /** `full` (the default) is on the disk before the answer; `off` leaves that to the operating system, for fast tests. */
  synchronous?: 'full' | 'off'
}
export type Sandbox = { url: string; close(): Promise<void> }

type Parts = { store: Store; commits: GroupCommit; webhooks: WebhookSender; log: SandboxLog; undecided: Set<string> }
type Exchange = { request: IncomingMessage; response: ServerResponse; url: URL }

/** Listens, and resumes the webhooks that a former run left. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { host = '127.0.0.1', log = () => {} } = options
  const store = openStore(options.file, options.synchronous ?? 'full')
  const commits = createGroupCommit(store)
  const webhooks = createWebhookSender({ store, commits, log })
  const parts: Parts = { store, commits, webhooks, log, undecided: new Set() }
  const server = createServer((request, response) => void serve(parts, request, response))
  // Longer than any client keeps an idle connection, so that it is the client who closes: no request meets a closed door.
  server.keepAliveTimeout = 65_000
  try {
    server.listen(options.port, host)
    await once(server, 'listening')
  } catch (error) {
    store.close()
    throw error
  }
  if (options.webhook) store.setEndpoint(options.webhook)
  webhooks.wake()
  let closed: Promise<void> | undefined
  return {
    url: urlOf(host, (server.address() as AddressInfo).port),
    close: () => (closed ??= close(server, parts)),
  }
}

/** Whoever listens everywhere is reached from this machine by its own name. */
function urlOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

async function close(server: Server, { store, commits, webhooks }: Parts): Promise<void> {
  const stopped = new Promise((resolve) => server.close(resolve))
  commits.close()
  await webhooks.close()
  await new Promise(setImmediate) // What has just been committed is answered first; what hangs is cut off.
  server.closeAllConnections()
  await stopped
  store.close()
}

async function serve(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await route(parts, { request, response, url: new URL(request.url ?? '/', 'http://sandbox') })
  } catch (error) {
    if (error instanceof Refusal) return refuse(response, error)
    parts.log('request failed', { url: request.url, error: String(error) })
    refuse(response, new Refusal(500, 'internal', 'The sandbox failed.'))
  }
}

async function route(parts: Parts, exchange: Exchange): Promise<void> {
  const { request, response, url } = exchange
  const key = /^\/v1\/attempts\/([^/]+)$/.exec(url.pathname)?.[1]
  if (key !== undefined && request.method === 'PUT') return putAttempt(parts, exchange, decodedKey(key))
  if (key !== undefined && request.method === 'GET') return getAttempt(parts, response, decodedKey(key))
  if (url.pathname === '/v1/webhook-endpoint' && request.method === 'PUT') return putEndpoint(parts, exchange)
  if (url.pathname === '/v1/attempts' && request.method === 'GET') {
    return answerPage(response, 'attempts', parts.store.attempts(pageOf(url)))
  }
  if (url.pathname === '/v1/charges' && request.method === 'GET') {
    return answerPage(response, 'charges', parts.store.charges(pageOf(url)))
  }
  if (url.pathname === '/v1/transactions' && request.method === 'GET') return getBooks(parts, response, url)
  throw new Refusal(404, 'unknown_route', `There is no ${request.method} ${url.pathname}.`)
}

async function putAttempt(parts: Parts, { request, response }: Exchange, key: string): Promise<void> {
  const body = valid(attemptBody, await readJson(request))
  parts.undecided.add(key)
  const reply = await parts.commits.run(() => submit(parts, { key, body })).finally(() => parts.undecided.delete(key))
  if (reply.type === 'refuse') throw reply.refusal
  parts.webhooks.wake()
  if (reply.type === 'hang') return
  if (reply.delayMs === 0) return answer(response, 200, reply.attempt)
  const timer = setTimeout(() => answer(response, 200, reply.attempt), reply.delayMs)
  response.once('close', () => clearTimeout(timer))
}

function getAttempt({ store, undecided }: Parts, response: ServerResponse, key: string): void {
  const attempt = store.attempt(key)
  if (attempt) return answer(response, 200, attempt)
  if (undecided.has(key)) return answer(response, 202, { status: 'pending' })
  throw new Refusal(404, 'unknown_attempt', `No attempt arrived under the key ${key}.`)
}

/** Whoever has read further than the books go has read others: he must begin anew. */
function getBooks({ store }: Parts, response: ServerResponse, url: URL): void {
  const { after, limit } = valid(booksQuery, Object.fromEntries(url.searchParams))
  if (Number(after) > store.lastNumber()) {
    throw new Refusal(422, 'unknown_cursor', `These books do not go as far as ${after}.`)
  }
  const rows = store.books(Number(after), limit)
  const transactions = rows.map(({ providerId, key, kind, status, amountMinor, currency, authorisation }) => {
    return { providerId, key, kind, status, amountMinor, currency, authorisation }
  })
  answer(response, 200, { transactions, next: String(rows.at(-1)?.number ?? after), more: rows.length === limit })
}

async function putEndpoint({ store, commits, webhooks }: Parts, { request, response }: Exchange): Promise<void> {
  const endpoint = valid(webhookEndpoint, await readJson(request))
  await commits.run(() => store.setEndpoint(endpoint))
  webhooks.wake()
  answer(response, 200, { url: endpoint.url })
}

const pageOf = (url: URL) => valid(pageQuery, Object.fromEntries(url.searchParams))

/** `next` is the `after` of the next page, null on an empty one: read until then. */
function answerPage(response: ServerResponse, name: string, rows: readonly { key: string }[]): void {
  answer(response, 200, { [name]: rows, next: rows.at(-1)?.key ?? null })
}

function decodedKey(encoded: string): string {
  try {
    return valid(attemptKey, decodeURIComponent(encoded))
  } catch (error) {
    if (error instanceof URIError) throw new Refusal(400, 'invalid_request', 'The key is not well encoded.')
    throw error
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    // Read on without keeping it: leaving early would cut the connection before the refusal is out.
    if (bytes <= bodyBytesMax) chunks.push(chunk)
  }
  if (bytes > bodyBytesMax) throw new Refusal(413, 'body_too_large', `A body has at most ${bodyBytesMax} bytes.`)
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new Refusal(400, 'invalid_request', 'The body is not JSON.')
  }
}

function valid<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value)
  if (!result.success) throw new Refusal(400, 'invalid_request', z.prettifyError(result.error))
  return result.data
}

function answer(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body)
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text)
}

function refuse(response: ServerResponse, { status, code, message }: Refusal): void {
  if (response.destroyed || response.headersSent) return
  answer(response, status, { error: { code, message } })
}
