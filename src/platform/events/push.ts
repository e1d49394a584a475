/**
 * Handing events to the modules that listen. A listener that is worked in this process takes them as they are, without a
 * queue between; one that is worked elsewhere gets one job that carries what has gathered in all lanes.
 *
 * A listener's cursor passes every event of its source, but most of them it does not react to. What it reacts to is
 * pushed at once; the rest waits for company, half a second at most, for a job costs the same whether it moves a cursor only.
 * A listener that has long been told nothing is not told that either: its sweep pulls. What waits is kept in memory: lost,
 * it is pulled, as everything is. Of more than a job carries it is only told that they are there: reading them from the
 * journal is cheaper than writing them into a queue and reading them there.
 */
import type { Log } from '../log.ts'
import { inLanes } from './apply.ts'
import { type JournalEvent, ownerOf } from './event.ts'
import { pushedMax } from './follower.ts'
import { QueuesAway } from './queue-outage.ts'
import type { Carrier } from './queues.ts'

export type PushTarget = {
  /** The module that listens. */
  module: string
  /** The names of the events that it reacts to, where that is known here. */
  reactsTo: ReadonlySet<string> | undefined
  /** The worker of the module, where this process has one that follows sources. */
  near(): { hand(source: string, events: readonly JournalEvent[]): void } | undefined
}

/** Less than a listener waits before it pulls. */
const waitMsMax = 500
/** How long after something that it reacts to a listener is told the rest, too. */
const attentiveMs = 2_000

export class Pusher {
  readonly #options: { source: string; targets: readonly PushTarget[]; carrier: Carrier; log: Log }
  readonly #waiting = new Map<string, JournalEvent[]>()
  readonly #attentive = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: { source: string; targets: readonly PushTarget[]; carrier: Carrier; log: Log }) {
    this.#options = options
  }

  /** Pushes events that were just given their positions, in the order of their lanes. Returns how many of them went to queues. */
  async push(events: readonly JournalEvent[]): Promise<number> {
    if (events.length === 0) return 0
    const { targets } = this.#options
    const sending = targets.map((target) => this.#send(target, this.#take(target, events)))
    const areQueued = await Promise.all(sending)
    if (this.#waiting.size > 0) this.#timer ??= setTimeout(() => this.#sendWaiting(), waitMsMax).unref()
    return areQueued.includes(true) ? events.length : 0
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#waiting.clear()
  }

  /** What is to be sent now, with what waited; nothing where the module reacts to none of it. */
  #take({ module, reactsTo }: PushTarget, events: readonly JournalEvent[]): JournalEvent[] {
    const all = [...(this.#waiting.get(module) ?? []), ...events]
    const isUrgent = ({ name }: JournalEvent) => reactsTo?.has(name) !== false || ownerOf(name) === module
    if (!events.some(isUrgent)) {
      this.#waiting.set(module, all.slice(-pushedMax))
      return []
    }
    this.#waiting.delete(module)
    this.#attentive.set(module, performance.now())
    return all
  }

  #sendWaiting(): void {
    this.#timer = undefined
    const since = performance.now() - attentiveMs
    const attentive = this.#options.targets.filter(({ module }) => (this.#attentive.get(module) ?? 0) > since)
    const waiting = attentive.map((target) => ({ target, events: this.#waiting.get(target.module) ?? [] }))
    this.#waiting.clear()
    for (const { target, events } of waiting) {
      this.#send(target, events).catch((error: unknown) => {
        if (error instanceof QueuesAway) return
        const { module: listener } = target
        this.#options.log.warn({ err: error, listener }, 'events could not be pushed; they will be pulled')
      })
    }
  }

  /** Returns whether a queue was given anything. */
  async #send({ module, near }: PushTarget, events: readonly JournalEvent[]): Promise<boolean> {
    if (events.length === 0) return false
    const { source, carrier } = this.#options
    const worker = near()
    if (worker) {
      worker.hand(source, events)
      return false
    }
    const batches = events.length > pushedMax ? [] : inLanes(events)
    await carrier.add(module, [{ name: 'events', data: { source, batches } }])
    return true
  }
}
