/**
 * Applying events: a listener's effects and its cursor move in one transaction, so an event is applied exactly once.
 *
 * A batch behind the cursor is a duplicate; one ahead of it shows a gap, which is pulled from the source's journal. An
 * event that fails for good is parked with its reason, and later events of its key behind it; all else flows.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { ModuleRuntime } from '../calls/operation.ts'
import { isConnectionLoss, isTransient, type Transaction } from '../data/database.ts'
import { type JournalEvent, type Listener, ownerOf, type ParkedEvent } from './event.ts'
import { Gathered } from './gathered.ts'
import { receiveJobs } from './received-jobs.ts'

const statements = {
  cursors: {
    name: 'platform_cursors_lock',
    text: `SELECT lane, position::int AS position FROM cursors WHERE source = $1 AND lane = ANY($2::smallint[])
           ORDER BY lane FOR UPDATE`,
  },
  hasParked: {
    name: 'platform_has_parked',
    text: 'SELECT EXISTS (SELECT 1 FROM parked WHERE source = $1) AS "hasParked"',
  },
  newCursors: {
    name: 'platform_cursors_new',
    text: `INSERT INTO cursors (source, lane, position) SELECT $1, lane, 0 FROM unnest($2::smallint[]) AS lane ORDER BY lane
           ON CONFLICT (source, lane) DO NOTHING`,
  },
  moveCursors: {
    name: 'platform_cursors_move',
    text: `UPDATE cursors c SET position = m.position, moved_at = clock_timestamp()
           FROM unnest($2::smallint[], $3::bigint[]) AS m (lane, position)
           WHERE c.source = $1 AND c.lane = m.lane AND c.position < m.position`,
  },
  allCursors: {
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
    text: `INSERT INTO parked (source, lane, position, key, event, reason, attempts, stack)
           VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8)`,
  },
}

/** How often an event is tried alone before it is parked, and the pause before the second try. */
const triesMax = 4
const pauseMs = 50
const stackTextMax = 8_000

/**
 * Effects and cursor are lost together, if at all, and then applied again. What the listener announced is told to others
 * only after the sequencer's own, durable commit.
 */
const notDurable = { durable: false }

/** What a listening module reacts to in a source, by the event's name. */
export type Listening = ReadonlyMap<string, Listener>

/** What a module's listeners react to, by source. Throws where two react to the same event. */
export function listeningOf(module: string, listeners: readonly Listener[]): Map<string, Map<string, Listener>> {
  const listening = new Map<string, Map<string, Listener>>()
  for (const listener of listeners) {
    const ofSource = listening.get(listener.source) ?? new Map<string, Listener>()
    if (ofSource.has(listener.event.name)) throw new Error(`${module} listens to ${listener.event.name} twice.`)
    listening.set(listener.source, ofSource.set(listener.event.name, listener))
  }
  return listening
}

/** The cursors of a listener for a source: how far it has applied each lane. */
export async function cursorsOf(
  asked: Pick<Transaction['client'], 'query'>,
  source: string,
): Promise<Map<number, number>> {
  const { rows } = await asked.query<{ lane: number; position: number }>({
    ...statements.allCursors,
    values: [source],
  })
  return new Map(rows.map(({ lane, position }) => [lane, position]))
}

/** How many events of a source are parked: announced, passed by the cursor, and not applied. */
export async function countParked({ database }: ModuleRuntime, source: string): Promise<number> {
  const { rows } = await database.pool.query<{ parked: number }>({ ...statements.parked, values: [source] })
  return rows[0]!.parked
}

/** Events of a lane, in order. */
export type LaneBatch = { lane: number; events: readonly JournalEvent[] }

/** Events that stand in the order of their lanes, by lane. */
export const inLanes = (events: readonly JournalEvent[]): LaneBatch[] =>
  [...Map.groupBy(events, ({ lane }) => lane)].map(([lane, ofLane]) => ({ lane, events: ofLane }))

type Batches = { source: string; batches: readonly LaneBatch[] }

/**
 * Applies the events of a source's lanes, each lane's in order, all in one transaction. Returns the lanes' cursors after
 * it; where one is before `events[0].position - 1`, there is a gap, nothing of that lane was applied, and the caller pulls.
 */
export async function applyEvents(
  runtime: ModuleRuntime,
  listening: Listening,
  { source, batches }: Batches,
): Promise<Map<number, number>> {
  try {
    return await applyBatches(runtime, listening, { source, batches })
  } catch (error) {
    if (isConnectionLoss(error) || runtime.stopping.aborted) throw error
    runtime.log.warn({ err: error, source }, 'a batch of events failed; its events are tried one by one')
  }
  const cursors = new Map<number, number>()
  for (const { lane, events } of batches) {
    // Other lanes go on with what is theirs as soon as they can: first each lane alone, then each event.
    const alone =
      batches.length > 1 ? await applyEvents(runtime, listening, { source, batches: [{ lane, events }] }) : undefined
    if (alone) cursors.set(lane, alone.get(lane)!)
    else for (const event of events) cursors.set(lane, await applyOrPark(runtime, listening, { source, event }))
  }
  return cursors
}

async function applyOrPark(
  runtime: ModuleRuntime,
  listening: Listening,
  { source, event }: { source: string; event: JournalEvent },
): Promise<number> {
  const { lane } = event
  const batches = [{ lane, events: [event] }]
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await applyBatches(runtime, listening, { source, batches })).get(lane)!
    } catch (error) {
      if (isConnectionLoss(error) || runtime.stopping.aborted) throw error
      if (attempt >= triesMax && !isTransient(error)) {
        runtime.log.error(
          { err: error, event: event.id, name: event.name, eventKey: event.key },
          'an event is parked, and its key with it',
        )
        return (await applyBatches(runtime, listening, { source, batches, parkBecause: error })).get(lane)!
      }
      await delay(pauseMs * 2 ** attempt)
    }
  }
}

async function applyBatches(
  runtime: ModuleRuntime,
  listening: Listening,
  { source, batches, parkBecause }: Batches & { parkBecause?: unknown },
): Promise<Map<number, number>> {
  const sent: JournalEvent[] = []
  let wrote = { events: 0, jobs: 0 }
  const cursors = await runtime.database.transaction(async (transaction) => {
    const { positions, hasParked } = await lockCursors(transaction, { source, batches })
    if (batches.some(({ lane }) => !positions.has(lane))) return undefined
    const fresh = freshOf(batches, positions)
    if (fresh.length === 0) return positions
    const parkedKeys = hasParked ? await keysParked(transaction, source, fresh) : new Set<string>()
    const gathered = new Gathered(runtime, transaction)
    for (const event of fresh) {
      const listener = listening.get(event.name)
      if (parkedKeys.has(event.key) || parkBecause !== undefined) {
        park(transaction, event, { source, because: parkBecause })
      } else if (ownerOf(event.name) === runtime.name) {
        sent.push(event)
      } else if (listener !== undefined) {
        await gathered.add(listener, event)
      }
      positions.set(event.lane, event.position)
    }
    await gathered.handle()
    gathered.flush()
    ;({ wrote } = gathered)
    receiveJobs(transaction, sent)
    const values = [source, [...positions.keys()], [...positions.values()]]
    transaction.trailing(transaction.client.query({ ...statements.moveCursors, values }))
    return positions
  }, notDurable)
  if (cursors === undefined) {
    await makeCursors(runtime, { source, batches })
    return applyBatches(runtime, listening, { source, batches, parkBecause })
  }
  if (wrote.events + wrote.jobs + sent.length > 0)
    runtime.committed({ events: wrote.events, jobs: wrote.jobs + sent.length })
  return cursors
}

/**
 * What follows the cursors without a gap. What one process pushes may have one in the middle: what another process has given
 * its place in the meantime is pushed by that one.
 */
function freshOf(batches: readonly LaneBatch[], positions: ReadonlyMap<number, number>): JournalEvent[] {
  return batches.flatMap(({ lane, events }) => {
    let next = positions.get(lane)! + 1
    return events.filter(({ position }) => {
      const follows = position === next
      if (follows) next += 1
      return follows
    })
  })
}

async function lockCursors(
  { client }: Transaction,
  { source, batches }: Batches,
): Promise<{ positions: Map<number, number>; hasParked: boolean }> {
  const lanes = batches.map(({ lane }) => lane)
  // Two statements, sent together: one that waits for a cursor sees what else there is as it was before it waited, and
  // would overlook what the run that it waited for has parked.
  const [cursors, parked] = await Promise.all([
    client.query<{ lane: number; position: number }>({ ...statements.cursors, values: [source, lanes] }),
    client.query<{ hasParked: boolean }>({ ...statements.hasParked, values: [source] }),
  ])
  return { positions: new Map(cursors.rows.map(({ lane, position }) => [lane, position])), ...parked.rows[0]! }
}

/** In a transaction of their own: one that holds some cursors and makes others waits in a circle with one that does the reverse. */
const makeCursors = ({ database }: ModuleRuntime, { source, batches }: Batches): Promise<unknown> =>
  database.transaction(
    ({ client }) => client.query({ ...statements.newCursors, values: [source, batches.map(({ lane }) => lane)] }),
    notDurable,
  )

async function keysParked(
  { client }: Transaction,
  source: string,
  events: readonly JournalEvent[],
): Promise<Set<string>> {
  const keys = [...new Set(events.map(({ key }) => key))]
  const { rows } = await client.query<{ key: string }>({ ...statements.parkedKeys, values: [source, keys] })
  return new Set(rows.map(({ key }) => key))
}

function park(
  { client, trailing }: Transaction,
  event: JournalEvent,
  { source, because }: { source: string; because: unknown },
): void {
  const { reason, stack } =
    because === undefined ? { reason: 'An earlier event of this key is parked.', stack: null } : failureToPark(because)
  const attempts = because === undefined ? 0 : triesMax
  const values = [source, event.lane, event.position, event.key, JSON.stringify(event), reason, attempts, stack]
  trailing(client.query({ ...statements.park, values }))
}

/** What is kept of a failure with the event that it parks: the root of it, and where it came from. */
export function failureToPark(error: unknown): { reason: string; stack: string | null } {
  let root = error
  while (root instanceof Error && root.cause instanceof Error) root = root.cause
  if (!(root instanceof Error)) return { reason: 'It failed without an error.', stack: null }
  return { reason: `${root.name}: ${root.message}`.slice(0, 2000), stack: root.stack?.slice(0, stackTextMax) ?? null }
}

const nothing = { events: 0, jobs: 0 }

/** Applies a parked event, within a transaction that holds its lane's cursor. Returns what it announced and enqueued. */
export async function applyParked(
  runtime: ModuleRuntime,
  listening: Listening | undefined,
  { transaction, event }: { transaction: Transaction; event: ParkedEvent },
): Promise<{ events: number; jobs: number }> {
  if (ownerOf(event.name) === runtime.name) {
    if (event.isQuiet) return nothing
    receiveJobs(transaction, [event])
    return { events: 0, jobs: 1 }
  }
  const listener = listening?.get(event.name)
  if (listener === undefined) return nothing
  const gathered = new Gathered(runtime, transaction)
  await gathered.add(listener, event)
  await gathered.handle()
  if (event.isQuiet) return nothing
  gathered.flush()
  return gathered.wrote
}
