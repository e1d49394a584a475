/**
 * Lets a few pieces of work run at once and some wait; refuses the rest at once.
 *
 * A password's hash takes 19 MiB and 40 ms of a core. A thousand logins at once must cost others neither: they would wait
 * for each other beyond anybody's patience, so most are better told to come again.
 */
import { busy } from '../errors.ts'

export type Turnstile = <T>(work: () => Promise<T>) => Promise<T>

export function createTurnstile({ atOnce, waitingMax }: { atOnce: number; waitingMax: number }): Turnstile {
  const waiting: (() => void)[] = []
  let inside = 0
  return async (work) => {
    if (inside < atOnce) inside += 1
    else if (waiting.length >= waitingMax) throw busy()
    // Whoever leaves hands its place to the first who waits, so that nobody overtakes.
    else await new Promise<void>((enter) => waiting.push(enter))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else inside -= 1
    }
  }
}
