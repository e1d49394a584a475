/**
 * The traffic of a process: how often whom called which operation, and how long that took as the caller saw it. Counted where
 * calls are dispatched, near and far alike; a call costs two look-ups and two readings of a clock, and allocates nothing.
 */
import { randomUUID } from 'node:crypto'
import { isOutside } from './run.ts'

/** All calls of one caller to one operation since the process began. */
export type CountedCalls = {
  /** A module, `gateway`, or `clients`: the world outside, all together. */
  caller: string
  module: string
  operation: string
  calls: number
  totalMicros: number
  microsMax: number
}

type Count = { calls: number; totalMicros: number; microsMax: number }

/** In whose name the world outside is counted. */
export const outsideCallers = 'clients'

/**
 * An instant to measure from, in microseconds. A small integer, which a call that waits can keep without an object; it wraps
 * around after 71 minutes, and differences of less than half of that come out right.
 */
export const micros = (): number => (performance.now() * 1000) | 0

export class Traffic {
  /** Tells this process's counts from another's, and from those of its next start. */
  readonly process = randomUUID()
  /** When counting began: ISO 8601 in UTC. */
  readonly since: string
  readonly #byCaller = new Map<string, Map<string, Count>>()

  constructor(since: string) {
    this.since = since
  }

  /** Counts a call that has ended, and began at an instant of `micros()`. */
  add(caller: string, path: string, beganAt: number): void {
    const took = (micros() - beganAt) | 0
    const name = isOutside(caller) ? outsideCallers : caller
    const count = this.#byCaller.get(name)?.get(path) ?? this.#begin(name, path)
    count.calls += 1
    count.totalMicros += took
    if (took > count.microsMax) count.microsMax = took
  }

  #begin(caller: string, path: string): Count {
    const ofCaller = this.#byCaller.get(caller) ?? new Map<string, Count>()
    this.#byCaller.set(caller, ofCaller)
    const count = { calls: 0, totalMicros: 0, microsMax: 0 }
    ofCaller.set(path, count)
    return count
  }

  /** What was counted until now. */
  read(): CountedCalls[] {
    return [...this.#byCaller].flatMap(([caller, ofCaller]) =>
      [...ofCaller].map(([path, count]) => {
        const dot = path.indexOf('.')
        return { caller, module: path.slice(0, dot), operation: path.slice(dot + 1), ...count }
      }),
    )
  }
}
