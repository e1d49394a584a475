import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { causallySorted, type Sought, soughtNext, type TraceEntry } from '#platform/trace/entries'
import type { contract } from './contract.ts'
import { sources } from './handlers.ts'

type Trace = typeof contract.operations.trace

const entriesMax = 2_000
/** Each round follows what the last one found one step further: a parcel, its money, its return. */
const roundsMax = 8

/** Asks every module for what belongs to it, and then for what that belongs to, until nothing new is found. */
export async function traceOf(ctx: QueryCtx, { about }: InputOf<Trace>): Promise<AnswerOf<Trace>> {
  const found = new Map<string, TraceEntry>()
  const missing = new Set<string>()
  const seen: Sought = { correlations: [], ids: [], keys: [about] }
  let next: Sought | undefined = { correlations: [about], ids: [about], keys: [about] }
  for (let round = 1; next !== undefined && round <= roundsMax && found.size < entriesMax; round += 1) {
    const sought: Sought = next
    const answers = await Promise.allSettled(sources.map((source) => ctx.traceIn(source, sought)))
    for (const [index, answer] of answers.entries()) {
      if (answer.status === 'rejected') missing.add(sources[index]!)
      else for (const entry of answer.value) found.set(`${entry.module}/${entry.kind}/${entry.id}`, entry)
    }
    seen.correlations.push(...sought.correlations)
    seen.ids.push(...sought.ids)
    next = soughtNext([...found.values()], seen)
  }
  const entries = causallySorted([...found.values()])
  return { entries: entries.slice(0, entriesMax), isCut: next !== undefined, missing: [...missing] }
}
