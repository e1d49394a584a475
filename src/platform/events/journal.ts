/**
 * A module's journal: reading it, and giving committed events their place.
 *
 * A transaction that commits late must not be overlooked by a cursor that has passed it. So events get their position
 * only after their commit, by one sequencer at a time. A key's events get theirs in the order of their versions, which
 * come from the aggregate's own row: neither clocks nor ids order what two processes did.
 */
import { crc32 } from 'node:zlib'
import { z } from 'zod'
import type { ModuleDatabase } from '../data/database.ts'
import { journalEvent, type JournalEvent } from './event.ts'

/** How many lanes a journal has. A key's events share a lane; lanes are applied side by side. */
const laneCount = 4
/** How many events are given their places in one transaction, but for those whose key it would cut in two. */
export const sequencedMax = 2000

const eventColumns = `j.id, j.name, j.key, j.version::int AS version, j.fact::text AS fact, j.correlation, j.causation, j.actor,
  to_char(j.announced_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "announcedAt", j.lane, j.position::int AS position`

const statements = {
  waits: {
    name: 'platform_journal_waits',
    text: 'SELECT EXISTS (SELECT 1 FROM journal WHERE position IS NULL) AS waits',
  },
  tryLock: {
    name: 'platform_sequencer_lock',
    text: 'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked',
  },
  look: {
    name: 'platform_unsequenced',
    text: `SELECT (SELECT coalesce(json_agg(w), '[]') FROM (
             SELECT id, month::text AS month, key, version::int AS version FROM journal
             WHERE position IS NULL ORDER BY announced_at, id LIMIT ${sequencedMax}) AS w) AS waiting,
           (SELECT coalesce(json_agg(l), '[]') FROM (SELECT lane, head::int AS head FROM lanes) AS l) AS lanes`,
  },
  ofKeys: {
    name: 'platform_unsequenced_of_keys',
    text: `SELECT id, month::text AS month, key, version::int AS version FROM journal
           WHERE position IS NULL AND key = ANY($1::text[]) ORDER BY announced_at, id`,
  },
  place: {
    name: 'platform_sequence',
    text: `WITH moved AS (
             INSERT INTO lanes (lane, head) SELECT * FROM unnest($5::smallint[], $6::bigint[])
             ON CONFLICT (lane) DO UPDATE SET head = excluded.head)
           UPDATE journal j SET lane = p.lane, position = p.position
           FROM unnest($1::text[], $2::date[], $3::smallint[], $4::bigint[]) AS p (id, month, lane, position)
           WHERE j.id = p.id AND j.month = p.month RETURNING ${eventColumns}`,
  },
  after: {
    name: 'platform_journal_after',
    text: `SELECT ${eventColumns} FROM journal j WHERE j.lane = $1 AND j.position > $2 ORDER BY j.position LIMIT $3`,
  },
  state: {
    name: 'platform_journal_state',
    text: `SELECT (SELECT count(*)::int FROM journal WHERE position IS NULL) AS unsequenced,
                  (SELECT coalesce(json_agg(json_build_object('lane', lane, 'head', head)), '[]') FROM lanes) AS lanes`,
  },
}

type Waiting = { id: string; month: string; key: string; version: number }

/** Whether there is anything to sequence: a sweep asks this first, for there mostly is not. */
export async function journalWaits({ pool }: Pick<ModuleDatabase, 'pool'>): Promise<boolean> {
  const { rows } = await pool.query<{ waits: boolean }>(statements.waits)
  return rows[0]!.waits
}

/** Which lane a key's events take. */
export const laneOf = (key: string): number => crc32(key) % laneCount

/**
 * Gives every committed event that has none its position, and returns them in the order of their lanes.
 * Does nothing where another process is at it: that one will see what we see, or the next pass will.
 */
export async function sequence(database: ModuleDatabase): Promise<JournalEvent[]> {
  const placing = await database.transaction(async ({ client, trailing }) => {
    const values = [`sequencer\n${database.module}`]
    // Two statements, sent together: what the second sees was committed before the first had the lock.
    const [lock, look] = await Promise.all([
      client.query<{ locked: boolean }>({ ...statements.tryLock, values }),
      client.query<{ waiting: Waiting[]; lanes: { lane: number; head: number }[] }>(statements.look),
    ])
    if (!lock.rows[0]!.locked) return undefined
    let { waiting } = look.rows[0]!
    const { lanes } = look.rows[0]!
    if (waiting.length === sequencedMax) {
      // A full batch may have cut a key in two, and a clock that was set back may have put its later version first.
      const keys = [...new Set(waiting.map(({ key }) => key))]
      waiting = (await client.query<Waiting>({ ...statements.ofKeys, values: [keys] })).rows
    }
    if (waiting.length === 0) return undefined
    const heads = new Map(lanes.map(({ lane, head }) => [lane, head]))
    const placed = inKeyOrder(waiting).map((event) => {
      const lane = laneOf(event.key)
      const position = (heads.get(lane) ?? 0) + 1
      heads.set(lane, position)
      return { ...event, lane, position }
    })
    const columns = [
      placed.map(({ id }) => id),
      placed.map(({ month }) => month),
      placed.map(({ lane }) => lane),
      placed.map(({ position }) => position),
      [...heads.keys()],
      [...heads.values()],
    ]
    const sent = client.query<JournalEvent>({ ...statements.place, values: columns })
    // COMMIT travels with it. In an object, for a promise that is returned is waited for.
    trailing(sent)
    return { sent }
  })
  const events = (await placing?.sent)?.rows ?? []
  return events.sort((one, other) => one.lane - other.lane || one.position - other.position)
}

/** Keeps the order of arrival, but gives the places that a key's events hold to them in the order of their versions. */
export function inKeyOrder<Event extends { key: string; version: number }>(events: readonly Event[]): Event[] {
  const byKey = Map.groupBy(events, ({ key }) => key)
  // Taken from the end below; sorting is stable, so what shares a version keeps the order of its arrival.
  for (const ofKey of byKey.values()) ofKey.sort((one, other) => one.version - other.version).reverse()
  return events.map(({ key }) => byKey.get(key)!.pop()!)
}

export const journalAfterInput = z.strictObject({
  lane: z.int().min(0),
  position: z.int().min(0),
  limit: z.int().min(1).max(1000),
})
export const journalAfterOutput = z.strictObject({ events: z.array(journalEvent) })

/** The events of a lane after a position, at most `limit` of them. */
export async function journalAfter(
  { pool }: Pick<ModuleDatabase, 'pool'>,
  { lane, position, limit }: z.infer<typeof journalAfterInput>,
): Promise<z.infer<typeof journalAfterOutput>> {
  const { rows } = await pool.query<JournalEvent>({ ...statements.after, values: [lane, position, limit] })
  return { events: rows }
}

export const journalHeadsOutput = z.strictObject({
  unsequenced: z.int(),
  lanes: z.array(z.strictObject({ lane: z.int(), head: z.int() })),
})
export type JournalHeads = z.infer<typeof journalHeadsOutput>

/** How far each lane goes, and how many committed events have no position yet. */
export async function journalHeads({ pool }: Pick<ModuleDatabase, 'pool'>): Promise<JournalHeads> {
  const { rows } = await pool.query<JournalHeads>(statements.state)
  return rows[0]!
}
