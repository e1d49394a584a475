/**
 * The lean client of the far way: pooled keep-alive connections, one call per request.
 *
 * A query, and a command with a key, is asked again after a lost connection, with jitter, until its deadline. A command
 * without a key only where the connection was refused: it cannot have arrived.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Pool } from 'undici'
import { z } from 'zod'
import { deadlineExceeded, DomainError, type Failure, failureOf, unavailable } from '../errors.ts'
import type { Route } from './clients.ts'
import type { CallContext } from './context.ts'
import { callPathPrefix, encodeCall, sign, signatureHeader } from './envelope.ts'
import type { Outcome } from './run.ts'

type FarCall = { route: Route; context: CallContext; input: unknown }

export type FarClient = {
  call(url: string, call: FarCall): Promise<Outcome>
  close(): Promise<void>
}

const connectionsMax = 64
const pauseMsMax = 400
/** How long a callee that cannot be reached is asked again: a process that starts anew is bridged, one that is gone is told of. */
const patienceMs = 5_000

const answerSchema = z.union([
  z.strictObject({ value: z.unknown() }),
  z.strictObject({
    failure: z.strictObject({
      code: z.string(),
      reason: z.string(),
      message: z.string(),
      retryAfterMs: z.number().optional(),
    }),
  }),
])

const nothing: ReadonlySet<string> = new Set()
const refuse = (error: unknown): Outcome => ({ ok: false, failure: failureOf(error, nothing) })

/** Opens a client whose calls are signed with the hall's secret. */
export function createFarClient(secret: string): FarClient {
  const pools = new Map<string, Pool>()
  const poolOf = (url: string): Pool => {
    const known = pools.get(url)
    if (known) return known
    const made = new Pool(url, {
      connections: connectionsMax,
      pipelining: 1,
      keepAliveTimeout: 30_000,
      connect: { timeout: 2_000 },
    })
    pools.set(url, made)
    return made
  }
  return {
    async call(url, far) {
      const { route, context } = far
      let giveUpAt: number | undefined
      for (let attempt = 0; ; attempt += 1) {
        if (context.deadlineAt <= Date.now()) return refuse(deadlineExceeded(route.path))
        try {
          return await ask(poolOf(url), secret, far)
        } catch (error) {
          if (isTimeout(error)) return refuse(deadlineExceeded(route.path))
          giveUpAt ??= Math.min(context.deadlineAt, Date.now() + patienceMs)
          const pause = Math.min(20 * 2 ** attempt, pauseMsMax) * (0.5 + Math.random())
          if (!mayAskAgain(far, error) || Date.now() + pause >= giveUpAt) {
            return refuse(unavailable(`${route.module} cannot be reached.`))
          }
          await delay(pause)
        }
      }
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
    },
  }
}

async function ask(pool: Pool, secret: string, { route, context, input }: FarCall): Promise<Outcome> {
  const body = encodedCall(context, input)
  if (body === undefined) return refuse(tooDeep(route.path))
  const timeout = AbortSignal.timeout(Math.max(1, context.deadlineAt - Date.now()))
  const response = await pool.request({
    method: 'POST',
    path: `${callPathPrefix}${route.path}`,
    headers: { 'content-type': 'application/json', [signatureHeader]: sign(secret, route.path, body) },
    body,
    headersTimeout: 0,
    bodyTimeout: 0,
    signal: context.signal ? AbortSignal.any([context.signal, timeout]) : timeout,
  })
  const parsed = answerSchema.parse(JSON.parse(await response.body.text()))
  if ('failure' in parsed) return { ok: false, failure: parsed.failure as Failure }
  return { ok: true, value: parsed.value }
}

const tooDeep = (path: string) =>
  new DomainError('platform.invalid_input', 'BAD_REQUEST', `${path}: the input is nested too deeply.`)

/** Undefined where the input is nested so deeply that it cannot be written: no contract takes such a one. */
function encodedCall(context: CallContext, input: unknown): string | undefined {
  try {
    return encodeCall(context, input)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

const isTimeout = (error: unknown): boolean =>
  error instanceof Error && ['TimeoutError', 'AbortError'].includes(error.name)

function mayAskAgain({ route, context }: FarCall, error: unknown): boolean {
  if (route.kind === 'query' || context.key !== undefined) return true
  const { code } = error as { code?: unknown }
  return code === 'ECONNREFUSED' || code === 'UND_ERR_CONNECT_TIMEOUT'
}
