/**
 * The events of one transaction on their way to their handlers. Only the order of a key is kept: a key's events are handled
 * one after the other, those of different keys side by side, so that their statements share round trips. Handlers that take
 * many at once are given what has gathered for them, before anything that a key's order puts behind it.
 */
import { CommandContext } from '../calls/contexts.ts'
import type { ModuleRuntime } from '../calls/operation.ts'
import type { Transaction } from '../data/database.ts'
import type { EventItem, JournalEvent, Listener } from './event.ts'
import { Outbox } from './outbox.ts'

type One = { listener: Extract<Listener, { handle: unknown }>; item: EventItem }

/** How many events are handled side by side: the more, the fewer round trips, and the more is sent for nothing where one fails. */
const sideBySide = 64

export class Gathered {
  readonly #runtime: ModuleRuntime
  readonly #transaction: Transaction
  readonly #outboxes: Outbox[] = []
  #alone: One[] = []
  #together = new Map<Listener, EventItem[]>()
  /** For which handler that takes many something of a key waits. */
  #waitsFor = new Map<string, Listener>()

  constructor(runtime: ModuleRuntime, transaction: Transaction) {
    this.#runtime = runtime
    this.#transaction = transaction
  }

  /** Takes an event on. It is handled by the time that `handle` ends. */
  async add(listener: Listener, event: JournalEvent): Promise<void> {
    const { id, name, key, actor, correlation, announcedAt } = event
    const waitsFor = this.#waitsFor.get(key)
    if (waitsFor !== undefined && waitsFor !== listener) await this.handle()
    // What follows from an event is scoped by it, so that its ids do not depend on who happened to be first.
    const context = { actor, requestId: `${id}/${this.#runtime.name}`, correlation }
    const outbox = new Outbox(this.#runtime, context, id)
    this.#outboxes.push(outbox)
    const ctx = new CommandContext(this.#runtime, context, { transaction: this.#transaction, outbox })
    const fact: unknown = listener.event.read(JSON.parse(event.fact))
    const item = { ctx, fact, meta: { id, name, key, actor, correlation, announcedAt } }
    if ('handle' in listener) {
      this.#alone.push({ listener, item })
      return
    }
    this.#waitsFor.set(key, listener)
    const items = this.#together.get(listener) ?? []
    if (items.push(item) === 1) this.#together.set(listener, items)
  }

  /** Hands over what has gathered. */
  async handle(): Promise<void> {
    const [alone, together] = [this.#alone, this.#together]
    this.#alone = []
    this.#together = new Map()
    this.#waitsFor = new Map()
    for (let start = 0; start < alone.length; start += sideBySide) {
      const byKey = Map.groupBy(alone.slice(start, start + sideBySide), ({ item }) => item.meta.key)
      await allEnded([...byKey.values()].map(inOrder))
    }
    for (const [listener, items] of together)
      if ('handleAll' in listener) await listener.handleAll(this.#transaction.tx, items)
  }

  /** Sends, with the transaction's last statements, all that the handlers announced and enqueued. */
  flush(): void {
    for (const outbox of this.#outboxes) outbox.flush(this.#transaction)
  }

  /** How much the handlers announced and enqueued. */
  get wrote(): { events: number; jobs: number } {
    let [events, jobs] = [0, 0]
    for (const { wrote } of this.#outboxes) {
      events += wrote.events
      jobs += wrote.jobs
    }
    return { events, jobs }
  }
}

async function inOrder(events: readonly One[]): Promise<void> {
  for (const { listener, item } of events) await listener.handle(item.ctx, item.fact, item.meta)
}

/** Waits for all, also where one fails: nothing may ask a transaction any more that is rolled back. Fails as the first did. */
async function allEnded(work: readonly Promise<void>[]): Promise<void> {
  const first: { error: unknown }[] = []
  const noted = work.map((each) => each.catch((error: unknown) => void first.push({ error })))
  await Promise.all(noted)
  if (first[0]) throw first[0].error
}
