/**
 * How the customers of a chaos run ask: under one key until they are answered, at whichever process is open, with pauses that
 * grow and are never alike, for 30 seconds. All that they were answered is kept, and two answers to one key must be one.
 * Where nothing goes wrong they are demanding: a request that fails at the first try is not made again, and is a fault of ours.
 */
import { setTimeout as delay } from 'node:timers/promises'

export type Ask = {
  operation: string
  input: unknown
  /** Of a mutation; a query has none. */
  key?: string
  asStaff?: boolean
  /** A refusal that is the end of it, although others of its kind pass by themselves. */
  final?: string | undefined
}

/** The end of asking: an answer, a refusal with its reason, or nothing at all. */
export type End<Value = any> = { answer: Value } | { refused: string } | { unanswered: string }

export type Done = { ask: Ask; answer: any }

export type Client = {
  /** Asks until there is an end. */
  ask<Value = any>(what: Ask): Promise<End<Value>>
  /** Sends once what nobody well-formed would, and tells the status; undefined where nobody answered. */
  throw(request: {
    path: string
    method: string
    headers: Record<string, string>
    body?: string
  }): Promise<number | undefined>
  /** Well-formed requests so far, and how many of them came to an answer or a refusal. */
  readonly counts: { requests: number; succeeded: number }
  /** Every mutation that was answered, in the order of the answers. */
  readonly done: readonly Done[]
  /** Mutations that nobody knows the end of. */
  readonly unknown: readonly Ask[]
  readonly violations: string[]
  /** The last words of those that were given up. */
  readonly givenUp: readonly string[]
}

const patienceMs = 30_000
const answerMsMax = 6_000
/** A demanding client waits as long as a request may take. */
const slowAnswerMsMax = 35_000
const pauseMs = { first: 100, max: 2_000 }
const passingCodes = new Set([
  'SERVICE_UNAVAILABLE',
  'TIMEOUT',
  'TOO_MANY_REQUESTS',
  'BAD_GATEWAY',
  'GATEWAY_TIMEOUT',
  'INTERNAL_SERVER_ERROR',
])
const passingReasons = new Set(['platform.in_progress'])
/** These are no failures of a request: somebody else asks under the same key, or the provider does not answer us. */
const blamelessReasons = new Set(['platform.in_progress', 'payments.provider_unavailable'])

type Outcome = End | { passing: string; isBlameless: boolean }

export type ClientOptions = {
  /** Where the public face is open now. */
  faces(): string[]
  staffKey: string
  /** Whether no request may fail at the first try. */
  isDemanding?: boolean
}

export function createClient({ faces, staffKey, isDemanding = false }: ClientOptions): Client {
  const counts = { requests: 0, succeeded: 0 }
  const done: Done[] = []
  const unknown: Ask[] = []
  const violations: string[] = []
  const givenUp: string[] = []
  const answers = new Map<string, string>()

  /** The same key has the same answer, whoever asked and however often. */
  const remember = (what: Ask, answer: unknown) => {
    const text = JSON.stringify(answer)
    const name = `${what.asStaff === true ? 'staff' : 'guest'} ${what.operation} ${what.key}`
    const before = answers.get(name)
    if (before === undefined) {
      answers.set(name, text)
      done.push({ ask: what, answer })
    } else if (before !== text)
      violations.push(
        `One key had two answers: ${name} was answered ${before.slice(0, 200)} and ${text.slice(0, 200)}.`,
      )
  }

  return {
    counts,
    done,
    unknown,
    violations,
    givenUp,
    async ask(what) {
      counts.requests += 1
      const giveUpAt = performance.now() + patienceMs
      const answerMs = isDemanding ? slowAnswerMsMax : answerMsMax
      for (let pause = pauseMs.first; ; pause = Math.min(pause * 2, pauseMs.max)) {
        const outcome = await askOnce(what, { url: anyOf(faces()), staffKey, answerMs })
        if (!('passing' in outcome)) {
          counts.succeeded += 1
          if ('answer' in outcome && what.key !== undefined) remember(what, outcome.answer)
          return outcome
        }
        const ms = pause * (0.5 + Math.random() / 2)
        const isFailure = isDemanding && !outcome.isBlameless
        if (isFailure) violations.push(`A request failed: ${what.operation} ${what.key ?? ''}: ${outcome.passing}`)
        if (isFailure || performance.now() + ms > giveUpAt) {
          if (what.key !== undefined) unknown.push(what)
          givenUp.push(`${what.operation} ${what.key ?? ''} ${JSON.stringify(what.input)}: ${outcome.passing}`)
          return { unanswered: outcome.passing }
        }
        await delay(ms)
      }
    },
    async throw({ path, ...request }) {
      try {
        const answer = await fetch(`${anyOf(faces())}${path}`, { ...request, signal: AbortSignal.timeout(answerMsMax) })
        await answer.arrayBuffer()
        return answer.status
      } catch {
        return undefined
      }
    },
  }
}

const anyOf = (urls: string[]): string | undefined => urls[Math.floor(Math.random() * urls.length)]

async function askOnce(
  { operation, input, key, asStaff, final }: Ask,
  { url, staffKey, answerMs }: { url: string | undefined; staffKey: string; answerMs: number },
): Promise<Outcome> {
  if (url === undefined) return { passing: 'No process is open.', isBlameless: false }
  const text = JSON.stringify(input)
  const headers = {
    ...(asStaff === true && { authorization: `Bearer ${staffKey}` }),
    ...(key !== undefined && { 'content-type': 'application/json', 'idempotency-key': key }),
  }
  const path = `${url}/trpc/${operation}`
  const signal = AbortSignal.timeout(answerMs)
  try {
    const response =
      key === undefined
        ? await fetch(`${path}?input=${encodeURIComponent(text)}`, { headers, signal })
        : await fetch(path, { method: 'POST', headers, body: text, signal })
    return outcomeOf(JSON.parse(await response.text()) as Body, final)
  } catch (error) {
    const { message, cause } = error as Error
    return { passing: `${message} ${cause instanceof Error ? cause.message : ''}`, isBlameless: false }
  }
}

type Body = { result?: { data: unknown }; error?: { message: string; data: { code: string; reason?: string } } }

function outcomeOf({ result, error }: Body, final: string | undefined): Outcome {
  if (result) return { answer: result.data }
  const { code, reason = '' } = error!.data
  if (reason === final) return { refused: reason }
  if (passingCodes.has(code) || passingReasons.has(reason))
    return { passing: `${code} ${reason}: ${error!.message}`, isBlameless: blamelessReasons.has(reason) }
  return { refused: reason }
}
