/** The gates at which parties wait: what they tell a database, what they ask the provider, and where they sleep. */
import { AsyncResource } from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'
import { callbackify } from 'node:util'
import { clientsFor, type Dispatch } from '#platform/calls/clients'
import { deadlineExceeded, failureOf } from '#platform/errors'
import type { HallProcess } from '#platform/host/open-process'
import type pg from 'pg'
import { Pool } from 'undici'
import { hallContracts } from '../../src/contracts.ts'
import { graph } from '../../src/modules.ts'
import { passGate, type Party, partyNow } from './play.ts'

type Then = (error: unknown, result: unknown) => void
type Ask = (...what: unknown[]) => Promise<unknown>
/** What was said to a connection and waits for its turn: all that is said until then goes together, as it would have gone. */
type Held = { labels: string[]; sends: (() => Promise<unknown>)[] }

/** Looking whether there is anything to do, many times a round: whoever finds something looks again in a transaction. */
const polls = /^platform_(journal_waits|journal_state|cursors|saga_open)$/

/** Has everybody wait before anything is told to the databases of these modules; what others are told is only waited for. */
export function gateDatabases({ hosted }: HallProcess, gated: readonly string[]): void {
  for (const [module, { runtime }] of hosted) gatePool(runtime.database.pool, module, gated.includes(module))
}

function gatePool(pool: pg.Pool, module: string, waits: boolean): void {
  const connect = pool.connect.bind(pool) as (then?: Then) => Promise<unknown>
  const known = new WeakSet<pg.PoolClient>()
  pool.on('acquire', (client) => {
    if (!known.has(client)) Object.setPrototypeOf(client, gatedPrototype(client, module, waits))
    known.add(client)
  })
  Object.assign(pool, {
    connect(then?: Then): unknown {
      const party = partyNow()
      if (party === undefined) return connect(then)
      const client = party.play.underWay(connect())
      if (then === undefined) return client
      // A connection that another party gives back would be handed over on that one's behalf.
      callbackify(() => client)(AsyncResource.bind(then as () => void))
      return undefined
    },
  })
}

/** Below what the platform itself puts on a connection, and above the driver's own `query`. */
function gatedPrototype(client: pg.PoolClient, module: string, waits: boolean): object {
  const driver = Object.getPrototypeOf(client) as { query: Ask }
  let held: Held | undefined
  const hold = (party: Party, label: string, send: () => Promise<unknown>): Promise<unknown> => {
    if (!waits || polls.test(label)) return party.play.underWay(send())
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const isFirst = held === undefined
    held ??= { labels: [], sends: [] }
    held.labels.push(label)
    held.sends.push(() => {
      const answer = send()
      resolve(answer)
      return answer
    })
    if (isFirst) void pass(party, held)
    return promise
  }
  const pass = async (party: Party, { labels, sends }: Held) => {
    const lives = await party.play.gate(party, () => `${module} ${labels.join(', ')}`)
    held = undefined
    // The connection of a process that has died is lost, and with it the transaction.
    if (!lives) (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
    // One connection waits for one lock, however much it was asked at once.
    await party.play.underWay(Promise.allSettled(sends.map((send) => send())))
  }
  const query = function (this: object, ...what: unknown[]): unknown {
    const party = partyNow()
    if (party === undefined) return driver.query.apply(this, what)
    const then = typeof what.at(-1) === 'function' ? (what.pop() as Then) : undefined
    const answer = hold(party, labelOf(what[0]), () => driver.query.apply(this, what))
    if (then === undefined) return answer
    callbackify(() => answer)(then)
    return undefined
  }
  return Object.create(driver, { query: { value: query, writable: true } }) as object
}

function labelOf(asked: unknown): string {
  if (typeof asked === 'string') return asked
  const { name, text } = asked as { name?: string; text: string }
  return name ?? text.slice(0, 40)
}

export type ProviderRequest = { path: string; method?: string; body?: string | null }
type ProviderAnswer = { statusCode: number; body: { text(): Promise<string> } }
type AskProvider = (this: unknown, request: ProviderRequest) => Promise<ProviderAnswer>

/** Has everybody wait before the payment provider is asked, and before its answer is heard. */
export function gateProvider(bend: (request: ProviderRequest) => ProviderRequest = (request) => request): Disposable {
  const own = Pool.prototype as unknown as { request: AskProvider }
  const { request: ask } = own
  own.request = async function (request) {
    const party = partyNow()
    if (party === undefined) return ask.call(this, request)
    const { kind = 'outcome' } = JSON.parse(request.body ?? '{}') as { kind?: string }
    await passGate(`asks the provider: ${kind}`)
    const { statusCode, body } = await party.play.underWay(ask.call(this, bend(request)))
    const text = await party.play.underWay(body.text())
    await passGate(`hears of the provider: ${kind}`)
    if (!party.isDeaf) return { statusCode, body: { text: () => Promise.resolve(text) } }
    party.isDeaf = false
    throw new Error('The connection to the provider was lost before its answer.')
  }
  return { [Symbol.dispose]: () => void (own.request = ask) }
}

/**
 * The calls of checkout: one whose answer a party loses is not waited for, and is carried out whenever its turn comes, as a
 * request is that was slow on its way.
 */
export function gateCalls(process: HallProcess): void {
  const dispatch: Dispatch = async (route, context, input) => {
    const party = partyNow()
    if (party === undefined || party.loses !== route.path) return process.dispatch(route, context, input)
    party.loses = undefined
    party.play.join(`late ${route.path}`, () => process.dispatch(route, context, input))
    return { ok: false, failure: failureOf(deadlineExceeded(route.path), new Set()) }
  }
  const { runtime } = process.hosted.get('checkout')!
  runtime.callsFor = clientsFor({
    caller: 'checkout',
    callees: graph.checkout.calls,
    contracts: hallContracts,
    dispatch,
  })
}

/** No time passes in a play: who would sleep waits for his turn instead. */
export function gateSleep(): Disposable {
  const { setTimeout: sleep } = timers
  const become = (how: typeof sleep) => {
    timers.setTimeout = how
    syncBuiltinESMExports()
  }
  become((async (ms, value, options) => {
    if (partyNow() === undefined) return sleep(ms, value, options)
    await passGate(`sleeps`, { sleeps: true })
    return value
  }) as typeof sleep)
  return { [Symbol.dispose]: () => become(sleep) }
}
