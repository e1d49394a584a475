/**
 * The traffic of a process: how often whom called which operation, and how long that took as the caller saw it. Counted where
 * calls are dispatched, near and far alike; a call costs two look-ups and two readings of a clock, and allocates nothing.
 */
import { randomUUID } from 'node:crypto'
import { Histogram, secondsBounds } from '../telemetry/histogram.ts'
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

/** What has come from other processes: calls, and the requests that they shared. */
export type Arrived = { requests: number; calls: number }

/** All calls of one caller to one operation, near or far. */
export class Count {
  calls = 0
  totalMicros = 0
  microsMax = 0
  /** How many failed, by their reason; undefined as long as none has. */
  failures: Map<string, number> | undefined = undefined

  add(micros: number): void {
    this.calls += 1
    this.totalMicros += micros
    if (micros > this.microsMax) this.microsMax = micros
  }

  failed(reason: string): void {
    const failures = (this.failures ??= new Map<string, number>())
    const name = failures.has(reason) || failures.size < reasonsMax ? reason : 'other'
    failures.set(name, (failures.get(name) ?? 0) + 1)
  }
}

/** Contracts promise fewer; a callee of another release is not to fill the memory. */
const reasonsMax = 50

/** Of calls that went to another process also how long each took. */
export class FarCount extends Count {
  readonly seconds = new Histogram(secondsBounds)

  override add(micros: number): void {
    super.add(micros)
    this.seconds.observe(micros / 1e6)
  }
}

/** What was counted of one operation, and for whom. */
export type Counted<Kind extends Count> = { caller: string; module: string; operation: string; count: Kind }

/** In whose name the world outside is counted. */
export const outsideCallers = 'clients'

/**
 * An instant to measure from, in microseconds. A small integer, which a call that waits can keep without an object; it wraps
 * around after 71 minutes, and differences of less than half of that come out right.
 */
export const micros = (): number => (performance.now() * 1000) | 0

/** The calls of a process to modules at one distance. */
class Counts<Kind extends Count> {
  readonly #make: () => Kind
  readonly #byCaller = new Map<string, Map<string, Kind>>()

  constructor(make: () => Kind) {
    this.#make = make
  }

  /** Counts a call that has ended, and began at an instant of `micros()`. */
  add(caller: string, path: string, beganAt: number): Kind {
    const took = (micros() - beganAt) | 0
    const name = isOutside(caller) ? outsideCallers : caller
    const count = this.#byCaller.get(name)?.get(path) ?? this.#begin(name, path)
    count.add(took)
    return count
  }

  list(): Counted<Kind>[] {
    return [...this.#byCaller].flatMap(([caller, ofCaller]) =>
      [...ofCaller].map(([path, count]) => {
        const dot = path.indexOf('.')
        return { caller, module: path.slice(0, dot), operation: path.slice(dot + 1), count }
      }),
    )
  }

  #begin(caller: string, path: string): Kind {
    const ofCaller = this.#byCaller.get(caller) ?? new Map<string, Kind>()
    this.#byCaller.set(caller, ofCaller)
    const count = this.#make()
    ofCaller.set(path, count)
    return count
  }
}

export class Traffic {
  /** Tells this process's counts from another's, and from those of its next start. */
  readonly process = randomUUID()
  /** When counting began: ISO 8601 in UTC. */
  readonly since: string
  /** To modules here. */
  readonly near = new Counts(() => new Count())
  /** To modules in another process. */
  readonly far = new Counts(() => new FarCount())
  readonly #arrived: Arrived = { requests: 0, calls: 0 }

  constructor(since: string) {
    this.since = since
  }

  /** Counts a request from another process, and the calls in it. */
  arrive(calls: number): void {
    this.#arrived.requests += 1
    this.#arrived.calls += calls
  }

  get arrived(): Arrived {
    return { ...this.#arrived }
  }

  /** What was counted until now, wherever the modules were. */
  read(): CountedCalls[] {
    return [...this.near.list(), ...this.far.list()].map(({ count, ...call }) => {
      const { calls, totalMicros, microsMax } = count
      return { ...call, calls, totalMicros, microsMax }
    })
  }
}
