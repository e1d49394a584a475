import type { ListenerCtx } from '#platform/calls/context'
import type { AuditedFact, EventMeta } from '#platform/events/event'
import { recordAfter } from './chain.ts'
import { appendRecord, lockHead } from './queries.ts'

/** Adds what a module's staff did, or was refused, to the chain. Told twice, it is recorded once. */
export const onAudited =
  (source: string) =>
  async (ctx: ListenerCtx, fact: AuditedFact, meta: EventMeta): Promise<void> => {
    const { operation, requestId, inputHash, refused = null, times = 1, note = null, at } = fact
    const head = await lockHead(ctx.tx)
    const { id: eventId, actor } = meta
    const content = { eventId, source, operation, actor, requestId, inputHash, refused, times, note, at }
    await appendRecord(ctx.tx, recordAfter(head, content))
  }
