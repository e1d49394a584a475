import type { Db } from '#platform/data/database'
import type { AuditedFact, EventItem } from '#platform/events/event'
import { type Content, chainAfter } from './chain.ts'
import { appendRecords, eventsRecorded, lockHead } from './queries.ts'

/** Adds what a module's staff did, or was refused, to the chain. Told twice, it is recorded once. */
export const onAudited =
  (source: string) =>
  async (tx: Db, items: readonly EventItem<AuditedFact>[]): Promise<void> => {
    const eventIds = items.map(({ meta }) => meta.id)
    const [head, known] = await Promise.all([lockHead(tx), eventsRecorded(tx, eventIds)])
    const fresh = items.filter(({ meta }) => !known.has(meta.id))
    const contents = fresh.map((item) => contentOf(source, item))
    await appendRecords(tx, chainAfter(head, contents))
  }

function contentOf(source: string, { fact, meta }: EventItem<AuditedFact>): Content {
  const { operation, requestId, inputHash, refused = null, times = 1, note = null, at } = fact
  return { eventId: meta.id, source, operation, actor: meta.actor, requestId, inputHash, refused, times, note, at }
}
