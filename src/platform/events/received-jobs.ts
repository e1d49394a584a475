/**
 * Jobs that other modules sent: their journals carry them here, and they become rows of this module's own table.
 *
 * That happens in the transaction that moves the cursor, so each becomes one row; its id refuses a second where a cursor
 * is set back. A job of which this release knows no handler is a row too: it is tried, fails, and can be seen.
 */
import type { Transaction } from '../data/database.ts'
import { type JournalEvent, sentJob } from './event.ts'

const insertReceived = {
  name: 'platform_receive_jobs',
  text: `INSERT INTO jobs (id, name, payload, actor, correlation, causation, state, due_at)
         SELECT j.id, j.name, j.payload, j.actor, j.correlation, j.causation, 'waiting',
                greatest(j."announcedAt" + j."delayMs" * interval '1 ms', clock_timestamp())
         FROM jsonb_to_recordset($1::jsonb) AS j
           (id text, name text, payload jsonb, actor jsonb, correlation text, causation text, "announcedAt" timestamptz, "delayMs" bigint)
         ON CONFLICT (id) DO NOTHING`,
}

/** Sends the insert of the jobs that journal entries addressed to this module hold, without waiting. */
export function receiveJobs({ client, trailing }: Transaction, entries: readonly JournalEvent[]): void {
  if (entries.length === 0) return
  const jobs = entries.map(({ id, name, actor, correlation, causation, announcedAt, fact }) => {
    return { id, name, actor, correlation, causation, announcedAt, ...sentJob.parse(JSON.parse(fact)) }
  })
  trailing(client.query({ ...insertReceived, values: [JSON.stringify(jobs)] }))
}
