import { badRange } from './errors.ts'

const dayMs = 86_400_000
const daysMax = 3660

/** The days from `from` to `to`, both included; zero or less where `to` comes first. */
export const daysIn = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / dayMs + 1

/** The UTC day of an instant, ISO 8601 in UTC. */
export const dayOf = (instant: string): string => instant.slice(0, 10)

/** Refuses a range that runs backwards or is too long. */
export function assertRange({ from, to }: { from: string; to: string }): void {
  const days = daysIn(from, to)
  if (days < 1 || days > daysMax) throw badRange(from, to)
}
