/** The business clock. Leases and sweeps use the database's clock instead. */
export type Clock = {
  /** This instant, ISO 8601 in UTC with milliseconds. */
  now(): string
}

/** A clock that stands still until it is told otherwise. */
export type SettableClock = Clock & {
  set(instant: string): void
  advanceMs(milliseconds: number): void
}

export const systemClock: Clock = { now: () => new Date().toISOString() }

/** Throws a `RangeError` for what is no instant, here and in `set`. */
export function createSettableClock(start: string): SettableClock {
  let current = new Date(start).toISOString()
  return {
    now: () => current,
    set(instant) {
      current = new Date(instant).toISOString()
    },
    advanceMs(milliseconds) {
      current = new Date(Date.parse(current) + milliseconds).toISOString()
    },
  }
}
