/**
 * The queues are out of reach. That costs time and nothing else: the sweeps work from the tables. It is met by every
 * worker, several times a second, and told once a minute.
 */
import type { Log } from '../log.ts'

const toldEveryMs = 60_000

/** What a carrier throws while its queues are out of reach. It has been told: whoever meets it says nothing. */
export class QueuesAway extends Error {
  override name = 'QueuesAway'

  constructor(cause?: unknown) {
    super('The queues cannot be reached.', { cause })
  }
}

export class Outage {
  readonly #log: Log
  readonly #advice: string
  #toldAt: number | undefined
  #isTold = false

  /** `advice` ends the sentence: what to look at. */
  constructor(log: Log, advice: string) {
    this.#log = log
    this.#advice = advice
  }

  met(error: unknown): void {
    const now = performance.now()
    if (this.#toldAt !== undefined && now - this.#toldAt < toldEveryMs) return
    this.#toldAt = now
    this.#isTold = true
    this.#log.warn(
      { err: error },
      `the queues cannot be reached: what they carry takes seconds longer. ${this.#advice}`,
    )
  }

  over(): void {
    if (this.#isTold) this.#log.info({}, 'the queues can be reached again')
    this.#isTold = false
  }
}
