/** What follows commits, gathered: a pass at once when idle, and the next one a pause later, for all that came in the meantime. */
import { setTimeout as delay } from 'node:timers/promises'

/** How many events and jobs a commit wrote. */
export type Wrote = { events: number; jobs: number }

const pausesMs = { none: 50, few: 100, many: 250, crowd: 500 }
const manyCarried = 4
const crowdCarried = 25

/**
 * How long to wait after a pass. A queue's job costs more than an event that it carries: the more there are, the more go
 * together. What stays in the process costs little.
 */
function pauseAfter(carried: number): number {
  if (carried === 0) return pausesMs.none
  if (carried < manyCarried) return pausesMs.few
  return carried < crowdCarried ? pausesMs.many : pausesMs.crowd
}

export class Passes {
  readonly #pass: (wrote: Wrote) => Promise<number>
  readonly #stopping: AbortSignal
  #wrote: Wrote = { events: 0, jobs: 0 }
  #passing: Promise<unknown> | undefined

  /** `pass` returns how many events and jobs it has given to queues. */
  constructor(pass: (wrote: Wrote) => Promise<number>, stopping: AbortSignal) {
    this.#pass = pass
    this.#stopping = stopping
  }

  wake({ events, jobs }: Wrote): void {
    this.#wrote = { events: this.#wrote.events + events, jobs: this.#wrote.jobs + jobs }
    if (this.#stopping.aborted || this.#passing || events + jobs === 0) return
    this.#passing = this.#once().finally(() => {
      this.#passing = undefined
      this.wake(this.#take())
    })
  }

  /** Until the pass under way has ended. */
  async ended(): Promise<void> {
    await this.#passing
  }

  #take(): Wrote {
    const wrote = this.#wrote
    this.#wrote = { events: 0, jobs: 0 }
    return wrote
  }

  async #once(): Promise<void> {
    const carried = await this.#pass(this.#take())
    if (!this.#stopping.aborted) await delay(pauseAfter(carried), undefined, { ref: false })
  }
}
