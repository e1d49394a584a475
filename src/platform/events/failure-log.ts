import { BoundedMap } from '../bounded-map.ts'
import type { Log } from '../log.ts'

const toldEveryMs = 60_000
const rememberedMax = 100

/** Tells the same failure once a minute: a database that is away fails every part of every sweep, forty times a second. */
export class FailureLog {
  readonly #log: Pick<Log, 'warn'>
  readonly #now: () => number
  readonly #told = new BoundedMap<string, { at: number; untold: number }>(rememberedMax)

  constructor(log: Pick<Log, 'warn'>, now: () => number = () => performance.now()) {
    this.#log = log
    this.#now = now
  }

  tell(error: unknown, message: string): void {
    const name = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    const now = this.#now()
    const before = this.#told.get(name)
    if (before !== undefined && now - before.at < toldEveryMs) {
      before.untold++
      return
    }
    this.#told.set(name, { at: now, untold: 0 })
    this.#log.warn({ err: error, ...(before !== undefined && before.untold > 0 && { untold: before.untold }) }, message)
  }
}
