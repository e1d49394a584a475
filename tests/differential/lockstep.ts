/**
 * Halls that are asked the same in lockstep: one with all modules in one process, one with every module in a process of its own, and
 * one that is asked through its public door, whose gateway hosts no module and forwards everything: to `orders` and `audit`, and to
 * a process with all others. Whatever they answer, and whatever their tables hold afterwards, is compared.
 */
import { createServer } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import type { Operation } from '#platform/contract'
import { listen } from '#platform/http/listen'
import { startTestHall, type TestHall } from '#testing/hall'
import { contracts } from '../../src/contracts.ts'
import { ask, type Call, type Complete, type Outcome, print } from './ask.ts'
import { Credentials, keptApart, owner } from './credentials.ts'
import { Pool } from './pool.ts'
import { asClient, canBeAsked, limitOf, PublicDoor, specOf } from './public-door.ts'
import { digestsOf, rowsOf } from './rows.ts'

export type { Call, Outcome } from './ask.ts'

/**
 * Jobs of different names, or for different people, have no order: a refund and a cancellation that are asked for together may give
 * the money back in one part or in two. So these are asked for when earlier jobs are done, and the halls end with the same rows.
 */
const sendsJobs = ['orders.cancel', 'orders.capture', 'orders.refund']
const sendsJobsOfBuyers = 'checkout.complete'

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
    const open = async (name: string, how: Parameters<typeof startTestHall>[0]) => {
      const hall = stack.use(await startTestHall({ ...how, leaseMs: 30_000, env }))
      return { name, hall, door: new PublicDoor(hall) }
    }
    const halls = await Promise.all([
      open('near', { distance: 'near' }),
      open('far', { distance: 'far' }),
      // Audit's chain is in the order in which events come to it: it is the last everywhere.
      open('at the door', { out: ['orders', 'audit'], gateway: 'apart' }),
    ])
    const nowhere = await listen(
      createServer((_, response) => response.end()),
      { host: '127.0.0.1', port: 0 },
    )
    stack.defer(() => nowhere.close(1_000))
    for (const { hall } of halls) await divertWebhooks(hall, nowhere.url)
    const lockstep = new Lockstep(halls, stack)
    await lockstep.credentials.introduce()
    return lockstep
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

type NamedHall = { name: string; hall: TestHall; door: PublicDoor }

export class Lockstep {
  readonly pool = new Pool(keptApart)
  readonly credentials: Credentials
  /** By operation: how often it succeeded, and for which reasons it was refused. */
  readonly succeeded = new Map<string, number>()
  readonly refused = new Map<string, Set<string>>()
  /** The operations that were asked for at the public door and answered there, and those that do not exist there. */
  readonly atDoor = new Set<string>()
  readonly hidden = new Set<string>()
  readonly halls: readonly NamedHall[]
  readonly #stack: AsyncDisposableStack
  #calls = 0
  #buyer: string | undefined

  constructor(halls: readonly NamedHall[], stack: AsyncDisposableStack) {
    this.halls = halls
    this.#stack = stack
    this.credentials = new Credentials(
      (call) => this.#makeEverywhere(call),
      () => halls[0]!.hall.clock.now(),
    )
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }

  /** Makes the same call in every hall, and returns what all of them made of it. Throws where they differ. */
  async call(call: Call): Promise<Outcome> {
    await this.#settleBefore(call)
    const outcome = await this.#makeEverywhere(call)
    if (outcome.ok) this.pool.learn(call.path, call.input, outcome.value)
    return outcome
  }

  async #settleBefore({ path, actor }: Call): Promise<void> {
    if (sendsJobs.includes(path)) await this.settle()
    if (path !== sendsJobsOfBuyers) return
    const buyer = JSON.stringify(actor ?? owner)
    if (this.#buyer !== undefined && this.#buyer !== buyer) await this.settle()
    this.#buyer = buyer
  }

  async #makeEverywhere(call: Call): Promise<Outcome> {
    const said = { actor: owner, caller: 'gateway', ...call }
    // Asked first: it may take calls of its own.
    const shown = await this.credentials.of(said.actor)
    this.#calls += 1
    const complete = { requestId: `req_step-${this.#calls}`, ...said }
    const outcome =
      shown !== undefined && canBeAsked(complete)
        ? await this.#makeAsClient(asClient(complete), shown)
        : await this.#make(
            complete,
            this.halls.map(({ hall }) => ask(hall, complete)),
          )
    if (specOf(call.path).access.kind === 'internal') await this.#assertHidden(complete, shown)
    return outcome
  }

  /** The same call, as a client's: in process, over the wire, and through the door. */
  async #makeAsClient(call: Complete, shown: string): Promise<Outcome> {
    const tooLarge = limitOf(call)
    const { door } = this.halls.at(-1)!
    if (tooLarge !== undefined) {
      const refused = await door.ask(call, shown)
      if (refused.ok || refused.reason !== tooLarge) throw new Error(`Not ${tooLarge}, ${print(refused)}`)
    } else this.atDoor.add(call.path)
    const isAskedAtDoor = (at: NamedHall) => tooLarge === undefined && at.door === door
    return this.#make(
      call,
      this.halls.map((at) => (isAskedAtDoor(at) ? at.door.ask(call, shown) : ask(at.hall, call))),
    )
  }

  async #make(call: Complete, asked: Promise<Outcome>[]): Promise<Outcome> {
    const outcomes = await Promise.all(asked)
    this.#assertEqual(outcomes, () => `to ${print(call)}`)
    const [outcome] = outcomes as [Outcome]
    const { path } = call
    if (outcome.ok) this.succeeded.set(path, (this.succeeded.get(path) ?? 0) + 1)
    else this.refused.set(path, (this.refused.get(path) ?? new Set()).add(outcome.reason))
    return outcome
  }

  /** Outside there is no such operation, whoever asks, and asking does nothing: the rows, which are compared, stay the same. */
  async #assertHidden(call: Complete, shown = ''): Promise<void> {
    if (limitOf(call) !== undefined) return
    const seen = await Promise.all(this.halls.map(({ door }) => door.tellsApart(call, shown)))
    for (const each of seen)
      if (each !== undefined) throw new Error(`${call.path} is there at the public door: ${print(each)}`)
    this.hidden.add(call.path)
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
    await this.settle()
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

  /** Lets all background work come to its end. */
  async settle(): Promise<void> {
    this.#buyer = undefined
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
