/**
 * The copy follows the live listener, not the journal: it is given every event that the live one has applied, and none that it
 * has not. So both stand at the same event when one takes the other's place, and nothing is announced by neither.
 */
import type { ModuleRuntime } from '../calls/operation.ts'
import type { Transaction } from '../data/database.ts'
import { applyEvents, cursorsOf, type Listening } from '../events/apply.ts'
import type { JournalReader } from '../events/follower.ts'
import { type Copy, RebuildFailed } from './copy.ts'
import type { Progress } from './rebuild-rows.ts'

/** A rebuild under way. */
export type Rebuilding = {
  id: string
  live: ModuleRuntime
  copy: Copy
  /** The modules whose journals are applied. */
  sources: readonly string[]
  listening: ReadonlyMap<string, Listening>
  reader: JournalReader
  stopping: AbortSignal
  /** How many events of a lane are applied in one transaction. */
  batchMax: number
}

type Asked = Pick<Transaction['client'], 'query'>

/** How far each lane of each source is applied. */
export type Positions = ReadonlyMap<string, ReadonlyMap<number, number>>

export const positionsIn = async (asked: Asked, sources: readonly string[]): Promise<Positions> =>
  new Map(await Promise.all(sources.map(async (source) => [source, await cursorsOf(asked, source)] as const)))

export function progressOf(copy: Positions, live: Positions): Progress {
  const sum = (positions: Positions) =>
    [...positions.values()].flatMap((lanes) => [...lanes.values()]).reduce((all, position) => all + position, 0)
  return { applied: sum(copy), total: sum(live) }
}

/**
 * Applies to the copy what lies between it and the positions. `applied` is told after each batch. Sources follow each other: what
 * handlers make of the events of different sources may not depend on who comes first, as it may not while they are live.
 */
export async function catchUp(
  rebuilding: Rebuilding,
  to: Positions,
  applied?: () => Promise<unknown> | undefined,
): Promise<void> {
  const { copy, listening, stopping } = rebuilding
  for (const [source, ends] of to) {
    for (;;) {
      const own = await cursorsOf(copy.runtime.database.pool, source)
      const behind = [...ends].filter(([lane, end]) => (own.get(lane) ?? 0) < end)
      if (behind.length === 0) break
      stopping.throwIfAborted()
      const batches = await Promise.all(
        behind.map(async ([lane, end]) => {
          const position = own.get(lane) ?? 0
          return { lane, events: await readFrom(rebuilding, { source, lane, position, end }) }
        }),
      )
      await applyEvents(copy.runtime, listening.get(source) ?? new Map(), { source, batches })
      await applied?.()
    }
  }
}

type Stretch = { source: string; lane: number; position: number; end: number }

async function readFrom({ reader, batchMax, stopping }: Rebuilding, { source, lane, position, end }: Stretch) {
  const limit = Math.min(batchMax, end - position)
  const events = await reader.after(source, { lane, position, limit }, stopping)
  // Without this nothing would be applied, over and over.
  if (events[0]?.position !== position + 1)
    throw new RebuildFailed(`The journal of ${source} has no event ${position + 1} in lane ${lane}, and had it before.`)
  return events
}
