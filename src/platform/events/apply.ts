/**
 * Applying events: a listener's effects and its cursor move in one transaction, so an event is applied exactly once.
 *
 * A batch behind the cursor is a duplicate; one ahead of it shows a gap, which is pulled from the source's journal. An
 * event that fails for good is parked with its reason, and later events of its key behind it; all else flows.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { CommandContext } from '../calls/contexts.ts'
import type { ModuleRuntime } from '../calls/operation.ts'
import { isConnectionLoss, isTransient, type Transaction } from '../data/database.ts'
import { type EventMeta, type JournalEvent, type Listener, ownerOf } from './event.ts'
import { Outbox } from './outbox.ts'
import { receiveJobs } from './received-jobs.ts'

const statements = {
  cursor: {
    name: 'platform_cursor_lock',
    text: 'SELECT position::int AS position FROM cursors WHERE source = $1 AND lane = $2 FOR UPDATE',
  },
  hasParked: {
    name: 'platform_has_parked',
    text: 'SELECT EXISTS (SELECT 1 FROM parked WHERE source = $1) AS "hasParked"',
  },
  newCursor: {
    name: 'platform_cursor_new',
    text: 'INSERT INTO cursors (source, lane, position) VALUES ($1, $2, 0) ON CONFLICT (source, lane) DO NOTHING',
  },
  moveCursor: {
    name: 'platform_cursor_move',
    text: 'UPDATE cursors SET position = $3, moved_at = clock_timestamp() WHERE source = $1 AND lane = $2',
  },
  cursors: {
    name: 'platform_cursors',
    text: 'SELECT lane, position::int AS position FROM cursors WHERE source = $1',
  },
  parked: {
    name: 'platform_parked_count',
    text: 'SELECT count(*)::int AS parked FROM parked WHERE source = $1',
  },
  parkedKeys: {
    name: 'platform_parked_keys',
    text: 'SELECT DISTINCT key FROM parked WHERE source = $1 AND key = ANY($2::text[])',
  },
  park: {
    name: 'platform_park',
    text: 'INSERT INTO parked (source, lane, position, key, event, reason) VALUES ($1, $2, $3, $4, $5::jsonb, $6)',
  },
}

/** How often an event is tried alone before it is parked, and the pause before the second try. */
const triesMax = 4
const pauseMs = 50

/**
 * Effects and cursor are lost together, if at all, and then applied again. What the listener announced is told to others
 * only after the sequencer's own, durable commit.
 */
const notDurable = { durable: false }

export type LaneRef = { source: string; lane: number }

/** What a listening module reacts to in a source, by the event's name. */
export type Listening = ReadonlyMap<string, Listener>

/** The cursors of a listener for a source: how far it has applied each lane. */
export async function cursorsOf({ database }: ModuleRuntime, source: string): Promise<Map<number, number>> {
  const { rows } = await database.pool.query<{ lane: number; position: number }>({
    ...statements.cursors,
    values: [source],
  })
  return new Map(rows.map(({ lane, position }) => [lane, position]))
}

/** How many events of a source are parked: announced, passed by the cursor, and not applied. */
export async function countParked({ database }: ModuleRuntime, source: string): Promise<number> {
  const { rows } = await database.pool.query<{ parked: number }>({ ...statements.parked, values: [source] })
  return rows[0]!.parked
}

/**
 * Applies a lane's events in order. Returns the cursor after it; where that is before `events[0].position - 1`, there
 * is a gap, nothing was applied, and the caller pulls.
 */
export async function applyEvents(
  runtime: ModuleRuntime,
  listening: Listening,
  { lane, events }: { lane: LaneRef; events: readonly JournalEvent[] },
): Promise<number> {
  try {
    return await applyBatch(runtime, listening, { lane, events })
  } catch (error) {
    if (isConnectionLoss(error) || runtime.stopping.aborted) throw error
    runtime.log.warn(
      { err: error, source: lane.source, lane: lane.lane },
      'a batch of events failed; its events are tried one by one',
    )
  }
  let cursor = 0
  for (const event of events) cursor = await applyOrPark(runtime, listening, { lane, event })
  return cursor
}

async function applyOrPark(
  runtime: ModuleRuntime,
  listening: Listening,
  { lane, event }: { lane: LaneRef; event: JournalEvent },
): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await applyBatch(runtime, listening, { lane, events: [event] })
    } catch (error) {
      if (isConnectionLoss(error) || runtime.stopping.aborted) throw error
      if (attempt >= triesMax && !isTransient(error)) {
        runtime.log.error(
          { err: error, event: event.id, name: event.name, eventKey: event.key },
          'an event is parked, and its key with it',
        )
        return applyBatch(runtime, listening, { lane, events: [event], parkBecause: error })
      }
      await delay(pauseMs * 2 ** attempt)
    }
  }
}

async function applyBatch(
  runtime: ModuleRuntime,
  listening: Listening,
  { lane, events, parkBecause }: { lane: LaneRef; events: readonly JournalEvent[]; parkBecause?: unknown },
): Promise<number> {
  const outboxes: Outbox[] = []
  const sent: JournalEvent[] = []
  const cursor = await runtime.database.transaction(async (transaction) => {
    const { position, hasParked } = await lockCursor(transaction, lane)
    const fresh = events.filter((event) => event.position > position)
    const [first] = fresh
    if (!first || first.position !== position + 1) return position
    const parkedKeys = hasParked ? await keysParked(transaction, lane, fresh) : new Set<string>()
    for (const event of fresh) {
      if (parkedKeys.has(event.key) || parkBecause !== undefined) {
        park(transaction, event, { source: lane.source, reason: reasonFor(parkBecause) })
      } else if (ownerOf(event.name) === runtime.name) {
        sent.push(event)
      } else {
        outboxes.push(await applyOne(runtime, listening.get(event.name), { transaction, event }))
      }
    }
    const last = fresh.at(-1)!.position
    for (const outbox of outboxes) outbox.flush(transaction)
    receiveJobs(transaction, sent)
    transaction.trailing(transaction.client.query({ ...statements.moveCursor, values: [lane.source, lane.lane, last] }))
    return last
  }, notDurable)
  for (const outbox of outboxes) outbox.wake()
  if (sent.length > 0) runtime.committed({ events: 0, jobs: sent.length })
  return cursor
}

async function lockCursor(
  { client }: Transaction,
  { source, lane }: LaneRef,
): Promise<{ position: number; hasParked: boolean }> {
  // Two statements, sent together: one that waits for the cursor sees what else there is as it was before it waited, and
  // would overlook what the run that it waited for has parked.
  const look = () =>
    Promise.all([
      client.query<{ position: number }>({ ...statements.cursor, values: [source, lane] }),
      client.query<{ hasParked: boolean }>({ ...statements.hasParked, values: [source] }),
    ])
  let [cursor, parked] = await look()
  if (!cursor.rows[0]) {
    await client.query({ ...statements.newCursor, values: [source, lane] })
    ;[cursor, parked] = await look()
  }
  return { ...cursor.rows[0]!, ...parked.rows[0]! }
}

async function applyOne(
  runtime: ModuleRuntime,
  listener: Listener | undefined,
  { transaction, event }: { transaction: Transaction; event: JournalEvent },
): Promise<Outbox> {
  // What follows from an event is scoped by it, so that its ids do not depend on who happened to be first.
  const context = { actor: event.actor, requestId: `${event.id}/${runtime.name}` }
  const outbox = new Outbox(runtime, context, event.id)
  if (!listener) return outbox
  const fact: unknown = listener.event.fact.parse(JSON.parse(event.fact))
  const { id, name, key, actor, correlation, announcedAt } = event
  const meta: EventMeta = { id, name, key, actor, correlation, announcedAt }
  await listener.handle(new CommandContext(runtime, context, { transaction, outbox }), fact, meta)
  return outbox
}

async function keysParked(
  { client }: Transaction,
  { source }: LaneRef,
  events: readonly JournalEvent[],
): Promise<Set<string>> {
  const keys = [...new Set(events.map(({ key }) => key))]
  const { rows } = await client.query<{ key: string }>({ ...statements.parkedKeys, values: [source, keys] })
  return new Set(rows.map(({ key }) => key))
}

function park(
  { client, trailing }: Transaction,
  event: JournalEvent,
  { source, reason }: { source: string; reason: string },
): void {
  const values = [source, event.lane, event.position, event.key, JSON.stringify(event), reason]
  trailing(client.query({ ...statements.park, values }))
}

function reasonFor(error: unknown): string {
  if (error === undefined) return 'An earlier event of this key is parked.'
  let root = error
  while (root instanceof Error && root.cause instanceof Error) root = root.cause
  return (root instanceof Error ? `${root.name}: ${root.message}` : 'It failed without an error.').slice(0, 2000)
}
