/**
 * A module's following of one source: what is pushed for latency, by a queue or by a sequencer in the same process, is applied
 * at once, what is missing is pulled from the source's journal, as far as that goes. A wiped queue, an outage, a new listener,
 * a module that moved are all one case: a cursor behind its head.
 */
import type { ModuleRuntime } from '../calls/operation.ts'
import { applyEvents, cursorsOf, inLanes, type LaneBatch, type Listening } from './apply.ts'
import type { JournalEvent } from './event.ts'
import type { JournalHeads } from './journal.ts'

/** Reads another module's journal, near or far. The signal ends the waiting for one that does not answer. */
export type JournalReader = {
  after(
    source: string,
    from: { lane: number; position: number; limit: number },
    signal: AbortSignal,
  ): Promise<JournalEvent[]>
  heads(source: string, signal: AbortSignal): Promise<JournalHeads>
}

type FollowerOptions = {
  runtime: ModuleRuntime
  source: string
  /** What the module reacts to; its cursor passes the rest. */
  listening: Listening
  reader: JournalReader
  stopping: AbortSignal
  tellFailed(error: unknown, message: string): void
}

/** Where to go on reading a lane. */
type Place = { lane: number; position: number }

const pulledMax = 500
/** Of more than this at once a listener is only told that they are there: reading them is cheaper than carrying them. */
export const pushedMax = 500

export class Follower {
  readonly #options: FollowerOptions
  readonly #lastCursors = new Map<number, number>()
  #isCatchingUp = false
  #isTold = false
  /** What was handed over by a sequencer near by, and is not applied yet. */
  #handed: JournalEvent[] = []
  #applyingHanded: Promise<void> | undefined

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  /** Applies what was pushed, and pulls what is missing before it. Told of events without being given any, it pulls all. */
  async receive(batches: readonly LaneBatch[]): Promise<void> {
    if (batches.length === 0) return this.catchUp()
    const { runtime, listening, source } = this.#options
    const cursors = await applyEvents(runtime, listening, { source, batches })
    const open = batches.filter(({ lane, events }) => cursors.get(lane)! < events.at(-1)!.position)
    await this.#pull(open.map(({ lane }) => ({ lane, position: cursors.get(lane)! })))
  }

  /** Takes what a sequencer in this process has just given its place. What comes while it is at it is applied together, after that. */
  hand(events: readonly JournalEvent[]): void {
    if (this.#options.stopping.aborted) return
    // Of so many it only matters that they are there.
    if (this.#handed.length <= pushedMax) this.#handed.push(...events)
    this.#applyingHanded ??= this.#applyHanded()
  }

  /** Until what was handed over is applied, or left to be pulled. */
  async ended(): Promise<void> {
    await this.#applyingHanded
  }

  async #applyHanded(): Promise<void> {
    const { stopping, tellFailed } = this.#options
    try {
      while (this.#handed.length > 0 && !stopping.aborted) {
        const events = this.#handed
        this.#handed = []
        await this.receive(events.length > pushedMax ? [] : inLanes(events))
      }
    } catch (error) {
      this.#handed = []
      tellFailed(error, 'events could not be applied; they will be pulled')
    } finally {
      this.#applyingHanded = undefined
    }
  }

  /** Pulls all that there is. Told again while at it, it looks once more, for all who told. */
  async catchUp(): Promise<void> {
    this.#isTold = true
    if (this.#isCatchingUp) return
    this.#isCatchingUp = true
    try {
      while (this.#isTold && !this.#options.stopping.aborted) {
        this.#isTold = false
        await this.pullBehind({ patient: false })
      }
    } finally {
      this.#isCatchingUp = false
    }
  }

  /**
   * Pulls what the source has announced and this module has not applied, and returns how many events that were. Patient, it
   * leaves alone a cursor that has moved since it last looked.
   */
  async pullBehind({ patient }: { patient: boolean }): Promise<number> {
    const { runtime, reader, source, stopping } = this.#options
    const [{ lanes }, cursors] = await Promise.all([
      reader.heads(source, stopping),
      cursorsOf(runtime.database.pool, source),
    ])
    const behind = lanes.flatMap(({ lane, head }): Place[] => {
      const position = cursors.get(lane) ?? 0
      const lastSeen = this.#lastCursors.get(lane)
      this.#lastCursors.set(lane, position)
      return position < head && (!patient || lastSeen === position) ? [{ lane, position }] : []
    })
    return this.#pull(behind)
  }

  /** Pulls these lanes from where they stand to their ends, in as many batches as it takes. */
  async #pull(places: readonly Place[]): Promise<number> {
    const { runtime, listening, reader, source, stopping } = this.#options
    let applied = 0
    for (let open = places; open.length > 0 && !stopping.aborted;) {
      const reading = open.map(async (place) => {
        const events = await reader.after(source, { ...place, limit: pulledMax }, stopping)
        return { lane: place.lane, events }
      })
      const batches = (await Promise.all(reading)).filter(({ events }) => events.length > 0)
      if (batches.length === 0) break
      const cursors = await applyEvents(runtime, listening, { source, batches })
      applied += batches.reduce((sum, { events }) => sum + events.length, 0)
      // A full batch has more behind it.
      open = batches
        .filter(({ events }) => events.length === pulledMax)
        .map(({ lane }) => ({ lane, position: cursors.get(lane)! }))
    }
    return applied
  }
}
