/**
 * A way to one instance of another process: pooled keep-alive connections, over which calls that begin in the same instant
 * share a request (wire.ts). A lone call waits for nobody but the end of the turn in which it was made.
 */
import { buildConnector, Pool } from 'undici'
import type { Outcome } from '../calls/run.ts'
import { deadlineExceeded, DomainError, type Failure, failureOf } from '../errors.ts'
import { Answer } from './answer.ts'
import type { Certificates } from './certificates.ts'
import { LinkCounts } from './counts.ts'
import { inBatches, Lost, type Pending, written } from './pending.ts'
import { callsPath, decodeOutcome, encodeCancel, type FarCall, sealHeader, staleSeal, tokenHeader } from './wire.ts'

const connectionsMax = 256
const connectMsMax = 2_000
/** How often calls are looked at whose time is up without a word from the callee. */
const lookMs = 100

export type LinkOptions = {
  address: string
  /** What a request with this body must carry. */
  seal(body: Uint8Array): { token: string; seal: string }
  /** For addresses with https. */
  certificates: Certificates | undefined
}

const nothing: ReadonlySet<string> = new Set()
export const refuse = (error: unknown): Outcome => ({ ok: false, failure: failureOf(error, nothing) })

const tooDeep = (path: string) =>
  new DomainError('platform.invalid_input', 'BAD_REQUEST', `${path}: the input is nested too deeply.`)

export class Link {
  /** When something was last heard of the callee, or the first call was made after a pause. */
  heardAt = 0
  /** Whether the callee has said that it takes no more requests on its connections: it is about to stop. */
  isLeaving = false
  readonly counts = new LinkCounts()
  readonly #options: LinkOptions
  readonly #pool: Pool
  readonly #pending = new Map<number, Pending>()
  #waiting: Pending[] = []
  #cancels: number[] = []
  #isGathering = false
  #looking: NodeJS.Timeout | undefined
  #lastId = 0

  constructor(options: LinkOptions) {
    this.#options = options
    this.#pool = new Pool(options.address, {
      connections: connectionsMax,
      pipelining: 1,
      keepAliveTimeout: 30_000,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: connectorFor(options.certificates),
    })
  }

  /** How many calls are under way. */
  get inFlight(): number {
    return this.#pending.size
  }

  /** Carries a call there and its outcome back. Rejects with `Lost` where no answer will come. */
  send(call: FarCall): Promise<Outcome> {
    const { route, context } = call
    const id = (this.#lastId += 1)
    // Written at once: a caller may go on to use its object for something else.
    const text = written(id, call)
    if (text === undefined) return Promise.resolve(refuse(tooDeep(route.path)))
    return new Promise((resolve, reject) => {
      const pending = { id, path: route.path, text, deadlineAt: context.deadlineAt, isSent: false, resolve, reject }
      if (this.#pending.size === 0) this.heardAt = performance.now()
      this.#pending.set(id, pending)
      this.#waiting.push(pending)
      this.#gather()
      this.#looking ??= setInterval(() => this.#look(), lookMs).unref()
      if (context.signal) this.#stopOn(context.signal, pending)
    })
  }

  /** Whether the instance answers within this time. */
  async ping(patienceMs: number): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(patienceMs)
      const { statusCode, body } = await this.#pool.request({ method: 'GET', path: '/healthz', signal })
      await body.dump()
      return statusCode === 200
    } catch {
      return false
    }
  }

  /** Gives up all calls under way: the callee is silent. */
  cut(): void {
    for (const pending of this.#pending.values())
      this.#lose(pending, new Error('The callee is silent.'), pending.isSent)
  }

  async close(): Promise<void> {
    clearInterval(this.#looking)
    this.cut()
    await this.#pool.destroy()
  }

  #gather(): void {
    if (this.#isGathering) return
    this.#isGathering = true
    setImmediate(() => {
      this.#isGathering = false
      const cancels = this.#cancels
      // Those that were given up while they waited need not be sent any more.
      const waiting = this.#waiting.filter(({ id }) => this.#pending.has(id))
      this.#cancels = []
      this.#waiting = []
      for (const batch of inBatches(waiting)) this.#post(batch, cancels.splice(0))
      if (cancels.length > 0) this.#post([], cancels)
    })
  }

  #post(batch: readonly Pending[], cancels: readonly number[]): void {
    // Made bytes of once, for the seal and for the connection.
    const body = Buffer.from(`[${[...batch.map(({ text }) => text), ...cancels.map(encodeCancel)].join(',')}]`)
    const { token, seal } = this.#options.seal(body)
    this.counts.posted(batch.length, cancels.length)
    for (const pending of batch) pending.isSent = true
    const answer = new Answer({
      began: (isLast) => (this.isLeaving = isLast),
      heard: () => (this.heardAt = performance.now()),
      line: (line) => this.#settle(line),
      ended: (status, text) => this.#ended(batch, status, text),
      failed: (error) => batch.forEach((pending) => this.#lose(pending, error, mayHaveArrived(error))),
    })
    const headers = { [tokenHeader]: token, [sealHeader]: seal }
    this.#pool.dispatch({ method: 'POST', path: callsPath, headers, body }, answer)
  }

  #settle(line: string): void {
    const { id, outcome } = decodeOutcome(line)
    const pending = this.#pending.get(id)
    if (pending) this.#answer(pending, outcome)
  }

  /** A request is through. What of it has no answer by now will have none. */
  #ended(batch: readonly Pending[], status: number, text: string): void {
    if (status === 401 && text === staleSeal) {
      this.#post(
        batch.filter(({ id }) => this.#pending.has(id)),
        [],
      )
      return
    }
    for (const pending of batch) {
      // As a rule all have had theirs, and an error costs more than the rest of a call.
      if (!this.#pending.has(pending.id)) continue
      if (status === 200) this.#lose(pending, new Error('The answer was cut.'), true)
      else this.#answer(pending, refusedWith(text))
    }
  }

  #answer(pending: Pending, outcome: Outcome): void {
    if (!this.#pending.has(pending.id)) return
    this.#forget(pending)
    pending.resolve(outcome)
  }

  #lose(pending: Pending, error: unknown, arrived: boolean): void {
    if (!this.#pending.has(pending.id)) return
    this.#forget(pending)
    pending.reject(new Lost(error, arrived))
  }

  #forget(pending: Pending): void {
    this.#pending.delete(pending.id)
    if (this.#pending.size > 0) return
    clearInterval(this.#looking)
    this.#looking = undefined
  }

  /** The callee says itself that a time is up; this is for one that says nothing. */
  #look(): void {
    const now = Date.now()
    for (const pending of this.#pending.values()) if (pending.deadlineAt + lookMs <= now) this.#giveUp(pending)
  }

  #giveUp(pending: Pending): void {
    this.#forget(pending)
    if (pending.isSent) {
      this.#cancels.push(pending.id)
      this.#gather()
    }
    pending.resolve(refuse(deadlineExceeded(pending.path)))
  }

  #stopOn(signal: AbortSignal, pending: Pending): void {
    const stop = () => this.#pending.has(pending.id) && this.#giveUp(pending)
    if (signal.aborted) return void stop()
    signal.addEventListener('abort', stop, { once: true })
    const { resolve, reject } = pending
    pending.resolve = (outcome) => {
      signal.removeEventListener('abort', stop)
      resolve(outcome)
    }
    pending.reject = (lost) => {
      signal.removeEventListener('abort', stop)
      reject(lost)
    }
  }
}

function refusedWith(text: string): Outcome {
  try {
    return { ok: false, failure: (JSON.parse(text) as { failure: Failure }).failure }
  } catch (error) {
    return refuse(error)
  }
}

/** Each connection is made with the certificates of its time. */
function connectorFor(certificates: Certificates | undefined): buildConnector.connector {
  if (!certificates) return buildConnector({ timeout: connectMsMax })
  return (target, callback) =>
    // A session of an older certificate must not be gone on with.
    buildConnector({ timeout: connectMsMax, maxCachedSessions: 0, ...certificates.current() })(target, callback)
}

const neverArrived = new Set(['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'])
const mayHaveArrived = (error: unknown): boolean => !neverArrived.has(String((error as { code?: unknown }).code))
