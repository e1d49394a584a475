/**
 * Handing events to the modules that listen, as one job that carries what has gathered in all lanes.
 *
 * A listener's cursor passes every event of its source, but most of them it does not react to. What it reacts to is
 * pushed at once; the rest waits for company, half a second at most, for a job costs the same whether it moves a cursor only.
 * A listener that has long been told nothing is not told that either: its sweep pulls. What waits is kept in memory: lost,
 * it is pulled, as everything is. Of more than a job carries it is only told that they are there: reading them from the
 * journal is cheaper than writing them into a queue and reading them there.
 */
import type { Log } from '../log.ts'
import { type JournalEvent, ownerOf } from './event.ts'
import { QueuesAway } from './queue-outage.ts'
import type { Carrier } from './queues.ts'

/** A module that listens, and the names of the events that it reacts to where that is known here. */
export type PushTarget = { module: string; reactsTo: ReadonlySet<string> | undefined }

const pushedMax = 500
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

  /** Pushes events that were just given their positions, in the order of their lanes. */
  async push(events: readonly JournalEvent[]): Promise<void> {
    if (events.length === 0) return
    await Promise.all(this.#options.targets.map((target) => this.#send(target.module, this.#take(target, events))))
    if (this.#waiting.size > 0) this.#timer ??= setTimeout(() => this.#sendWaiting(), waitMsMax).unref()
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
    const waiting = [...this.#waiting].filter(([module]) => (this.#attentive.get(module) ?? 0) > since)
    this.#waiting.clear()
    for (const [module, events] of waiting) {
      this.#send(module, events).catch((error: unknown) => {
        if (error instanceof QueuesAway) return
        this.#options.log.warn({ err: error, listener: module }, 'events could not be pushed; they will be pulled')
      })
    }
  }

  async #send(module: string, events: readonly JournalEvent[]): Promise<void> {
    if (events.length === 0) return
    const { source, carrier } = this.#options
    const carried = events.length > pushedMax ? [] : events
    const batches = Map.groupBy(carried, ({ lane }) => lane)
    const data = { source, batches: [...batches].map(([lane, ofLane]) => ({ lane, events: ofLane })) }
    await carrier.add(module, [{ name: 'events', data }])
  }
}
