/** The data transaction log: what a module tells of what belongs together, and in which order it is read. */
import { z } from 'zod'
import { actor } from '../values.ts'

const soughtMax = 2_000

/** What is sought in each module: what carries one of these correlations, is one of these things, or has one of these keys. */
export const sought = z.strictObject({
  correlations: z.array(z.string()).max(soughtMax),
  ids: z.array(z.string()).max(soughtMax),
  keys: z.array(z.string()).max(soughtMax),
})
export type Sought = z.infer<typeof sought>

export const traceEntry = z.strictObject({
  /** When, by the database's clock. */
  at: z.string(),
  module: z.string(),
  /** `call`: a command that changed something. `saga`: one that went over several modules. */
  kind: z.enum(['call', 'saga', 'event', 'job']),
  name: z.string(),
  /** For whom it was done. */
  initiator: actor.nullable(),
  /** Who called: a module, or `client:…`. */
  caller: z.string().nullable(),
  /** What was transferred, as JSON text, without what is sensitive. */
  transferred: z.string(),
  outcome: z.string(),
  id: z.string(),
  /** The id of what it follows from. */
  cause: z.string().nullable(),
  correlation: z.string().nullable(),
})
export type TraceEntry = z.infer<typeof traceEntry>

/** Causes before their effects; among the rest, what was earlier first. */
export function causallySorted(entries: readonly TraceEntry[]): TraceEntry[] {
  const byTime = entries.toSorted((one, other) => compare(one.at, other.at) || compare(one.id, other.id))
  const causeOf = causesAmong(byTime)
  const ordered = new Set<TraceEntry>()
  const tell = (entry: TraceEntry, since: ReadonlySet<TraceEntry>): void => {
    const cause = causeOf(entry)
    if (cause && !ordered.has(cause) && !since.has(cause)) tell(cause, new Set([...since, entry]))
    ordered.add(entry)
  }
  for (const entry of byTime) tell(entry, new Set([entry]))
  return [...ordered]
}

/** Finds what an entry follows from. A command bears the key under which it was asked, which may be the id of the job that asked. */
export function causesAmong(entries: readonly TraceEntry[]): (entry: TraceEntry) => TraceEntry | undefined {
  const byId = new Map<string, TraceEntry>()
  for (const entry of entries) if (entry.kind === 'call') byId.set(entry.id, entry)
  for (const entry of entries) if (entry.kind !== 'call') byId.set(entry.id, entry)
  return (entry) => {
    const cause = entry.cause === null ? undefined : byId.get(entry.cause)
    return cause === entry ? undefined : cause
  }
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

/** What jobs did that were done together for several causes belongs to each of them, and says nothing of what else does. */
export const batchPrefix = 'jobs/'

/** What else is to be sought, now that these were found: what they belong to and what they follow from. */
export function soughtNext(found: readonly TraceEntry[], before: Sought): Sought | undefined {
  const correlations = unseen(
    found.map(({ correlation }) => (correlation?.startsWith(batchPrefix) ? null : correlation)),
    before.correlations,
  )
  const ids = unseen(
    found.map(({ cause }) => cause),
    [...before.ids, ...found.map(({ id }) => id)],
  )
  return correlations.length + ids.length === 0 ? undefined : { correlations, ids, keys: [] }
}

const unseen = (values: readonly (string | null)[], seen: readonly string[]): string[] => {
  const known = new Set<string | null>([...seen, null])
  return [...new Set(values)].filter((value): value is string => !known.has(value)).slice(0, soughtMax)
}
