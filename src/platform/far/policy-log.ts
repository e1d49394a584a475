import type { Log } from '../log.ts'

const toldEveryMs = 10_000

/**
 * Tells what the policy of a callee does: at once, and then every ten seconds at most, with how often it was not told: a callee in trouble
 * is one for thousands of calls.
 */
export class PolicyLog {
  readonly #log: Pick<Log, 'warn'>
  readonly #now: () => number
  readonly #told = new Map<string, { at: number; untold: number }>()

  constructor(log: Pick<Log, 'warn'>, now: () => number = () => performance.now()) {
    this.#log = log
    this.#now = now
  }

  tell(callee: string, message: string): void {
    const name = `${callee} ${message}`
    const now = this.#now()
    const before = this.#told.get(name)
    if (before !== undefined && now - before.at < toldEveryMs) {
      before.untold += 1
      return
    }
    this.#told.set(name, { at: now, untold: 0 })
    this.#log.warn({ callee, ...(before !== undefined && before.untold > 0 && { untold: before.untold }) }, message)
  }
}
