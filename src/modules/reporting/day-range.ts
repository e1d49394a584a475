const dayMs = 86_400_000

/** The days from `from` to `to`, both included; zero or less where `to` comes first. */
export const daysIn = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / dayMs + 1

/** The UTC day of an instant, ISO 8601 in UTC. */
export const dayOf = (instant: string): string => instant.slice(0, 10)
