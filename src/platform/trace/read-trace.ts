/** Reading a module's share of a trace from its own tables: its commands, sagas, jobs and what it announced. */
import { z } from 'zod'
import type { ModuleDatabase } from '../data/database.ts'
import { ownerOf } from '../events/event.ts'
import { redacted } from '../redact.ts'
import type { Actor } from '../values.ts'
import { sought, type Sought, traceEntry, type TraceEntry } from './entries.ts'

export const traceInput = sought
export const traceOutput = z.strictObject({ entries: z.array(traceEntry) })

const entriesMax = 1_000
const isoOf = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

const read = {
  name: 'platform_trace',
  // A step of a saga has a key that begins with the saga's id; what a job calls has the job's.
  text: `
    SELECT ${isoOf('recorded_at')} AS at, 'call' AS kind, operation AS name, actor AS initiator, caller,
           jsonb_build_object('input', input, 'answer', answer) AS transferred, state AS outcome, key AS id,
           substring(key from '^((sag|job)_[^:]+)') AS cause, correlation
    FROM commands WHERE correlation = ANY($1::text[])
    UNION ALL
    SELECT ${isoOf('recorded_at')}, 'saga', operation, actor, caller, jsonb_build_object('input', input, 'answer', answer),
           state || coalesce(': ' || (failure->>'reason'), ''), id, substring(key from '^((sag|job)_[^:]+)'), correlation
    FROM sagas WHERE correlation = ANY($1::text[]) OR id = ANY($2::text[])
    UNION ALL
    SELECT ${isoOf('enqueued_at')}, 'job', name, actor, NULL, payload, state || coalesce(': ' || error, ''), id, causation, correlation
    FROM jobs WHERE correlation = ANY($1::text[]) OR id = ANY($2::text[])
    UNION ALL
    SELECT ${isoOf('announced_at')}, 'event', name, actor, NULL, fact,
           CASE WHEN position IS NULL THEN 'committed' ELSE 'announced' END, id, causation, correlation
    FROM journal WHERE correlation = ANY($1::text[]) OR id = ANY($2::text[]) OR key = ANY($3::text[])
    LIMIT ${entriesMax}`,
}

type Row = Omit<TraceEntry, 'module' | 'transferred' | 'initiator'> & { initiator: Actor | null; transferred: unknown }

/** What the module holds of what is sought, in no order. What others say of a job that was sent is the sender's event. */
export async function readTrace(database: ModuleDatabase, asked: Sought): Promise<{ entries: TraceEntry[] }> {
  const { rows } = await database.pool.query<Row>({ ...read, values: [asked.correlations, asked.ids, asked.keys] })
  const { module } = database
  const entries = rows.map(({ transferred, ...row }) => ({
    ...row,
    ...(row.kind === 'event' && ownerOf(row.name) !== module && { kind: 'job' as const, outcome: 'sent' }),
    module,
    transferred: JSON.stringify(redacted(transferred)),
  }))
  return { entries }
}
