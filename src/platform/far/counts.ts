/** What is counted of calls to other processes. Plain numbers, which telemetry reads when somebody asks. */
import { Histogram } from '../telemetry/histogram.ts'
import type { CallPolicy } from './policy.ts'

/** What the policy of one callee did. */
export class CalleeCounts {
  /** Refused because too many calls were under way. */
  overloaded = 0
  retried = 0
  /** Lost, and not made again, because retries were used up. */
  retriesRefused = 0
  /** Had to wait until an instance could be reached. */
  waited = 0
  waiting = 0
  /** Given up because none could be reached for too long, or the call was lost. */
  unavailable = 0
  /** Ended by their deadline. */
  expired = 0
}

const batchBounds = [1, 2, 4, 8, 16, 32]

/** What went over the connections to one instance. */
export class LinkCounts {
  requests = 0
  calls = 0
  cancels = 0
  /** Calls by request. */
  readonly batches = new Histogram(batchBounds)

  posted(calls: number, cancels: number): void {
    this.requests += 1
    this.calls += calls
    this.cancels += cancels
    if (calls > 0) this.batches.observe(calls)
  }

  add({ requests, calls, cancels, batches }: LinkCounts): void {
    this.requests += requests
    this.calls += calls
    this.cancels += cancels
    this.batches.add(batches)
  }
}

export type CalleeReading = {
  module: string
  policy: CallPolicy
  inFlight: number
  /** How many calls may be made again now. */
  retriesLeft: number
  counts: CalleeCounts
}

export type InstanceState = 'up' | 'down' | 'leaving'

export type InstanceReading = {
  address: string
  state: InstanceState
  inFlight: number
  /** How fast it is believed to answer. */
  latencySeconds: number
  /** How often it was called no more because it could not be reached. */
  ejections: number
  counts: LinkCounts
}

/** What a process knows of those that it calls. */
export type FarReading = {
  callees: readonly CalleeReading[]
  instances: readonly InstanceReading[]
  /** Of instances that are in no list any more, all together. */
  gone: { ejections: number; counts: LinkCounts }
}
