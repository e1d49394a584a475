/** Applying what was pushed, and pulling what is missing before it: a gap, however wide, is closed from the source's journal. */
import type { ModuleRuntime } from '../calls/operation.ts'
import { applyEvents, type LaneBatch, type Listening } from './apply.ts'
import type { JournalEvent } from './event.ts'

/** Reads a lane of the source's journal after a position. */
export type Pull = (from: { lane: number; position: number; limit: number }) => Promise<JournalEvent[]>

export const pulledMax = 500

/** Applies batches; of a lane in which something is missing, all there is, in as many batches as it takes. Returns how many events. */
export async function applyOrPull(
  runtime: ModuleRuntime,
  { source, listening, pull }: { source: string; listening: Listening; pull: Pull },
  batches: readonly LaneBatch[],
): Promise<number> {
  let applied = 0
  for (let given = batches; given.length > 0;) {
    const cursors = await applyEvents(runtime, listening, { source, batches: given })
    const isDone = ({ lane, events }: LaneBatch) => cursors.get(lane)! >= events.at(-1)!.position
    applied += given.filter(isDone).reduce((sum, { events }) => sum + events.length, 0)
    // What was pulled may have more behind it.
    const open = given === batches ? given.filter((batch) => !isDone(batch)) : given
    if (open.length === 0 || runtime.stopping.aborted) break
    const pulled = open.map(async ({ lane }) => {
      return { lane, events: await pull({ lane, position: cursors.get(lane)!, limit: pulledMax }) }
    })
    given = (await Promise.all(pulled)).filter(({ events }) => events.length > 0)
  }
  return applied
}
