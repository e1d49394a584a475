/** How calls to a module elsewhere are made: one typed place, with defaults that need no thought. */

export type CallPolicy = {
  /** The calls to the module that may be under way at once from this process; more are refused at once, so that a slow callee takes no more with it. */
  inFlightMax: number
  /**
   * How long callers wait for a module of which no instance can be reached, in milliseconds: one that starts anew is bridged. Once none could be
   * reached for that long, calls are refused at once, until one can be.
   */
  patienceMs: number
  /** How many calls may be made once more for each that is made: retries must not double the load of a callee that is in trouble. */
  retryShare: number
}

export const defaultPolicy: CallPolicy = { inFlightMax: 1024, patienceMs: 5_000, retryShare: 0.2 }

/** What differs from the defaults, by callee. */
export type Policies = Readonly<Record<string, Partial<CallPolicy>>>
