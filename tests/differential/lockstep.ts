/**
 * Halls that are asked the same in lockstep: one with all modules in one process, one with every module in a process of
 * its own, and one with `orders` (and `audit`) outside. Whatever they answer, and whatever their tables hold afterwards, is compared.
 */
import { createServer } from 'node:http'
import { isDeepStrictEqual, inspect } from 'node:util'
import { clientsFor } from '#platform/calls/clients'
import type { Operation } from '#platform/contract'
import { databaseTimeColumns } from '#platform/data/platform-tables'
import { listen } from '#platform/http/listen'
import type { Actor } from '#platform/values'
import { owner, startTestHall, type TestHall } from '#testing/hall'
import { TRPCClientError } from '@trpc/client'
import { contracts, hallContracts } from '../../src/contracts.ts'
import { type ModuleName, moduleNames } from '../../src/modules.ts'
import { spoil } from './mutations.ts'
import { Pool } from './pool.ts'

export type Call = {
  path: string
  input: unknown
  actor?: Actor
  caller?: string
  requestId?: string
  key?: string
  undoesKey?: string
  timeoutMs?: number
  /** Spoils the input as soon as the call has begun: the callee must have its own. */
  spoilsInput?: boolean
}
export type Outcome = { ok: true; value: any } | { ok: false; error: any; reason: string }

/** The random name of a saga's run is no fact about the business, and the only other column that may differ. */
const incomparable = [...databaseTimeColumns, 'lease_token']
/** Until when a hold keeps its stock is database time as well, wherever it is told. */
const holdEnds = ['expiresAt', 'heldUntil', 'held_until']

/**
 * Jobs of different names have no order: a refund and a cancellation that are asked for together may give the money back in
 * one part or in two. So these are asked for when earlier jobs are done, and the halls end with the same rows.
 */
const sendsJobs = ['orders.cancel', 'orders.capture', 'orders.refund']

export const operations = Object.values(contracts).flatMap(({ name: module, operations: ofModule }) =>
  Object.entries(ofModule).map(([name, spec]) => ({
    module,
    name,
    path: `${module}.${name}`,
    spec: spec as Operation,
  })),
)

/** Opens the halls. The provider's webhooks go nowhere: they come when they like, and are sent by the tests instead. */
export async function openLockstep(env: Record<string, string> = {}) {
  const stack = new AsyncDisposableStack()
  try {
    const open = async (name: string, how: Parameters<typeof startTestHall>[0]) => ({
      name,
      hall: stack.use(await startTestHall(how)),
    })
    const halls = await Promise.all([
      open('near', { distance: 'near', leaseMs: 30_000, env }),
      open('far', { distance: 'far', leaseMs: 30_000, env }),
      // Audit's chain is in the order in which events come to it: it is the last everywhere.
      open('orders out', { out: ['orders', 'audit'], leaseMs: 30_000, env }),
    ])
    const nowhere = await listen(
      createServer((_, response) => response.end()),
      { host: '127.0.0.1', port: 0 },
    )
    stack.defer(() => nowhere.close(1_000))
    for (const { hall } of halls) await divertWebhooks(hall, nowhere.url)
    return new Lockstep(halls, stack)
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

async function divertWebhooks(hall: TestHall, url: string): Promise<void> {
  const body = JSON.stringify({ url, secret: 'unused' })
  const headers = { 'content-type': 'application/json' }
  const { ok } = await fetch(`${hall.paymentsUrl}/v1/webhook-endpoint`, { method: 'PUT', headers, body })
  if (!ok) throw new Error('The sandbox did not take the diverted webhooks.')
}

type NamedHall = { name: string; hall: TestHall }

export class Lockstep {
  readonly pool = new Pool()
  /** By operation: how often it succeeded, and for which reasons it was refused. */
  readonly succeeded = new Map<string, number>()
  readonly refused = new Map<string, Set<string>>()
  readonly halls: readonly NamedHall[]
  readonly #stack: AsyncDisposableStack
  #calls = 0

  constructor(halls: readonly NamedHall[], stack: AsyncDisposableStack) {
    this.halls = halls
    this.#stack = stack
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }

  /** Makes the same call in every hall, and returns what all of them made of it. Throws where they differ. */
  async call(call: Call): Promise<Outcome> {
    if (sendsJobs.includes(call.path)) await this.#settle()
    this.#calls += 1
    const complete = { requestId: `req_step-${this.#calls}`, ...call }
    const outcomes = await Promise.all(this.halls.map(({ hall }) => ask(hall, complete)))
    this.#assertEqual(outcomes, () => `to ${print(complete)}`)
    const [outcome] = outcomes as [Outcome]
    const { path } = call
    if (outcome.ok) {
      this.succeeded.set(path, (this.succeeded.get(path) ?? 0) + 1)
      this.pool.learn(path, call.input, outcome.value)
    } else this.refused.set(path, (this.refused.get(path) ?? new Set()).add(outcome.reason))
    return outcome
  }

  /** The answer to a call that must succeed. */
  async answer(path: string, input: unknown, more: Partial<Call> = {}): Promise<any> {
    const outcome = await this.call({ path, input, ...more })
    if (!outcome.ok) throw new Error(`${path} was refused everywhere: ${outcome.reason}, ${outcome.error.message}`)
    return outcome.value
  }

  /** Makes a call that must be refused, and tells why it was. */
  async refusal(path: string, input: unknown, more: Partial<Call> = {}): Promise<string> {
    const outcome = await this.call({ path, input, ...more })
    return outcome.ok ? `not refused: ${print(outcome.value)}` : outcome.reason
  }

  /** Does in every hall what is no call of a contract; what comes of it must be equal. */
  async same<T>(what: string, work: (hall: TestHall) => Promise<T>): Promise<T> {
    const results = await Promise.all(this.halls.map(({ hall }) => work(hall)))
    this.#assertEqual(results, () => `to ${what}`)
    return results[0]!
  }

  /** Counts what other halls have reached as reached here. */
  countReached({ succeeded, refused }: Lockstep): void {
    for (const [path, times] of succeeded) this.succeeded.set(path, (this.succeeded.get(path) ?? 0) + times)
    for (const [path, reasons] of refused)
      this.refused.set(path, new Set([...reasons, ...(this.refused.get(path) ?? [])]))
  }

  advanceMs(milliseconds: number): void {
    for (const { hall } of this.halls) hall.clock.advanceMs(milliseconds)
  }

  /** Lets all background work come to its end, and compares every row of every table. Returns how many there are. */
  async compareRows(): Promise<number> {
    await this.#settle()
    const digests = await Promise.all(this.halls.map(({ hall }) => digestsOf(hall)))
    const [expected] = digests
    for (const [index, { name, rows, digest }] of expected!.entries()) {
      const differs = digests.some((each) => each[index]?.digest !== digest)
      if (differs) await this.#showRowsThatDiffer(name, rows)
    }
    return expected!.reduce((sum, { rows }) => sum + rows, 0)
  }

  async #showRowsThatDiffer(table: string, rows: number): Promise<void> {
    const all = await Promise.all(this.halls.map(({ hall }) => rowsOf(hall, table)))
    const isCommon = (row: string) => all.every((others) => others.includes(row))
    const own = all.map((each) => each.filter((row) => !isCommon(row)))
    this.#assertEqual(own, () => `to what ${table} (${rows} rows) holds`)
  }

  async #settle(): Promise<void> {
    await Promise.all(this.halls.map(({ hall }) => hall.settle()))
  }

  #assertEqual(results: readonly unknown[], what: () => string): void {
    for (const [index, result] of results.entries()) {
      if (isDeepStrictEqual(result, results[0])) continue
      const said = [0, index].map((each) => `${this.halls[each]!.name}:\n${print(results[each])}`).join('\n')
      throw new Error(`After ${this.#calls} calls the halls differ in their answers ${what()}\n${said}`)
    }
  }
}

const print = (value: unknown): string =>
  inspect(value, { depth: 8, maxStringLength: 1500, maxArrayLength: 40, breakLength: 120 })

async function ask(hall: TestHall, call: Call & { requestId: string }): Promise<Outcome> {
  const { path, actor = owner, caller = 'gateway', requestId, key, undoesKey, timeoutMs = 30_000 } = call
  const [module, name] = path.split('.') as [ModuleName, string]
  // A process speaks for the modules that it hosts, and the gateway's for whoever is none.
  const { dispatch } = hall.processes.find(({ hosted }) => hosted.has(caller)) ?? hall.processes[0]!
  const callsFor = clientsFor({ caller, callees: moduleNames, contracts: hallContracts, dispatch })
  const given = structuredClone(actor)
  const context = {
    actor: given,
    caller,
    requestId,
    traceparent: undefined,
    deadlineAt: Date.now() + timeoutMs,
    key: undefined,
    undoesKey,
    signal: undefined,
  }
  const input = structuredClone(call.input)
  const { query, mutate } = callsFor(context)[module][name]
  try {
    const answering = (query ?? mutate)(input, key === undefined ? {} : { key })
    if (call.spoilsInput) spoil(input)
    const answer: unknown = await answering
    const value = timeless(structuredClone(answer))
    // Whoever shares a part of the answer, such as a record or a cache, will be found out by a later call.
    spoil(answer)
    if (!call.spoilsInput) assertUntouched(path, input, call.input)
    assertUntouched(path, given, actor)
    return { ok: true, value }
  } catch (error) {
    if (!(error instanceof TRPCClientError)) throw error
    const { name: errorName, message, data, shape, meta } = error
    return {
      ok: false,
      reason: data?.reason,
      error: {
        name: errorName,
        message,
        data,
        shape,
        meta,
        hasCause: error.cause !== undefined,
        fields: Object.keys(error).sort(),
      },
    }
  }
}

/** A hold's end as what it is: some instant to come. */
const timeless = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (field, each: unknown) =>
    holdEnds.includes(field) && typeof each === 'string' && Date.parse(each) > Date.now() ? 'to come' : each,
  )

function assertUntouched(path: string, given: unknown, asked: unknown): void {
  if (!isDeepStrictEqual(given, asked))
    throw new Error(`${path} changed what it was given: ${print(given)}, not ${print(asked)}`)
}

type Digest = { name: string; rows: number; digest: string }

/** A parked event holds, inside its JSON, when it was announced: database time as well. */
const inJson = `((to_jsonb(t) - '{${incomparable.join(',')}}'::text[]) #- '{event,announcedAt}')`
const ofAny = `regexp_replace(${inJson}::text, '"(${holdEnds.join('|')})": "[^"]*"', '"\\1": ""', 'g')`
const comparableIn = (table: string) => (table === 'inventory.holds' ? `(${inJson} - 'expires_at')::text` : ofAny)

async function digestsOf(hall: TestHall): Promise<Digest[]> {
  const tables = await hall.sql<{ name: string }>(
    `SELECT format('%I.%I', relnamespace::regnamespace::text, relname) AS name FROM pg_class
     WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace::regnamespace::text = ANY($1) ORDER BY 1`,
    [moduleNames],
  )
  const each = ({ name }: { name: string }) =>
    `SELECT '${name}' AS name, count(*)::int AS rows, md5(coalesce(string_agg(row, E'\\n' ORDER BY row COLLATE "C"), '')) AS digest
     FROM (SELECT ${comparableIn(name)} AS row FROM ${name} t) AS of_table`
  return hall.sql<Digest>(tables.map(each).join(' UNION ALL '))
}

async function rowsOf(hall: TestHall, table: string): Promise<string[]> {
  const rows = await hall.sql<{ row: string }>(`SELECT ${comparableIn(table)} AS row FROM ${table} t`)
  return rows.map(({ row }) => row).sort()
}
