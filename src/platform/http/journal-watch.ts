/**
 * Whether a module has announced anything: the heads of its journal, as a stamp.
 *
 * Two equal stamps say that between the readings nothing was committed that announced: a commit leaves an event without a
 * position (then there is no stamp) or has moved a head. Nobody is asked unless somebody wants to know.
 */
import type { JournalHeads } from '../events/journal.ts'

export type JournalWatchOptions = {
  heads(): Promise<JournalHeads>
  /** How long a reading counts, from when it began, in milliseconds. */
  checkMs: number
  /** A clock that never goes back, in milliseconds. */
  now(): number
}

type Reading = { stamp: string | undefined; beganAt: number }

export class JournalWatch {
  readonly #options: JournalWatchOptions
  #last: Reading | undefined
  #reading: Promise<void> | undefined
  #commits = 0

  constructor(options: JournalWatchOptions) {
    this.#options = options
  }

  /** What the last reading found, where it still counts; `stamp` is undefined where the journal is not settled or cannot be read. */
  get current(): Reading | undefined {
    const last = this.#last
    return last !== undefined && this.#options.now() - last.beganAt <= this.#options.checkMs ? last : undefined
  }

  /** The stamp of a reading that counts: the last one or, for all who wait, a new one. */
  async stamp(): Promise<string | undefined> {
    if (this.current === undefined) {
      this.#reading ??= this.#read().finally(() => (this.#reading = undefined))
      await this.#reading
    }
    return this.current?.stamp
  }

  /** The module has committed something here: what was read before, or is being read, counts no more. */
  committed(): void {
    this.#commits += 1
    this.#last = undefined
  }

  async #read(): Promise<void> {
    const beganAt = this.#options.now()
    const commits = this.#commits
    const stamp = await this.#options.heads().then(stampOf, () => undefined)
    if (commits === this.#commits) this.#last = { stamp, beganAt }
  }
}

function stampOf({ unsequenced, lanes }: JournalHeads): string | undefined {
  if (unsequenced > 0) return undefined
  return lanes
    .toSorted((one, other) => one.lane - other.lane)
    .map(({ lane, head }) => `${lane}:${head}`)
    .join(' ')
}
