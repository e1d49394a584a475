/**
 * What failed for good in a module, and what an operator does about it.
 *
 * A parked event holds up its key: it is tried again under the lock of its lane's cursor, so that no later event of the
 * key overtakes it, and then what stands behind it, in order, until one fails again. All in the one transaction of the command,
 * each event in a savepoint of its own.
 */
import type { CommandContext, QueryContext } from '../calls/contexts.ts'
import type { ModuleRuntime } from '../calls/operation.ts'
import type { Transaction } from '../data/database.ts'
import { DomainError } from '../errors.ts'
import { applyParked, failureToPark, type Listening } from '../events/apply.ts'
import type { ParkedEvent } from '../events/event.ts'
import type { DeadLetter, RetryOutcome } from './contract.ts'
import { redacted } from '../redact.ts'

const shownMax = 100

const isoOf = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

const dead = `
  SELECT 'event:' || p.source || ':' || p.lane || ':' || p.position AS id, 'event' AS kind, p.event->>'name' AS name, p.key,
         p.reason, p.attempts, p.parked_at AS at, p.stack, p.event AS content,
         (SELECT count(*)::int FROM parked b WHERE b.source = p.source AND b.key = p.key AND b.position > p.position) AS behind,
         EXISTS (SELECT 1 FROM parked f WHERE f.source = p.source AND f.key = p.key AND f.position < p.position) AS "isBehind"
  FROM parked p
  UNION ALL
  SELECT 'job:' || id, 'job', name, id, coalesce(error, ''), attempts, due_at, NULL, payload, 0, false
  FROM jobs WHERE state = 'failed'
  UNION ALL
  SELECT 'saga:' || id, 'saga', operation, id, coalesce(failure->>'reason' || ': ', '') || coalesce(failure->>'message', ''),
         attempts, recorded_at, NULL, jsonb_build_object('input', input, 'results', results, 'undone', undone), 0, false
  FROM sagas WHERE state = 'parked'`
const shown = `id, kind, name, key, reason, attempts, ${isoOf('at')} AS since, behind`

const statements = {
  list: {
    name: 'platform_dead_list',
    text: `SELECT ${shown} FROM (${dead}) AS dead WHERE NOT "isBehind" ORDER BY at, id LIMIT $1`,
  },
  one: {
    name: 'platform_dead_one',
    text: `SELECT ${shown}, stack, content FROM (${dead}) AS dead WHERE id = $1`,
  },
  cursor: {
    name: 'platform_dead_cursor',
    text: 'SELECT 1 FROM cursors WHERE source = $1 AND lane = $2 FOR UPDATE',
  },
  ofKey: {
    name: 'platform_dead_of_key',
    text: `SELECT position::int AS position, event FROM parked
           WHERE source = $1 AND key = (SELECT key FROM parked WHERE source = $1 AND lane = $2 AND position = $3) ORDER BY position`,
  },
  remove: {
    name: 'platform_dead_remove',
    text: 'DELETE FROM parked WHERE source = $1 AND lane = $2 AND position = $3',
  },
  failedAgain: {
    name: 'platform_dead_failed_again',
    text: `UPDATE parked SET reason = $4, stack = $5, attempts = attempts + 1
           WHERE source = $1 AND lane = $2 AND position = $3`,
  },
  job: {
    name: 'platform_dead_job',
    text: `UPDATE jobs SET state = $2, attempts = 0, due_at = clock_timestamp(),
             ended_at = CASE WHEN $2 = 'skipped' THEN clock_timestamp() END
           WHERE id = $1 AND state = 'failed'`,
  },
  // One that had passed its pivot goes forward, any other back, as whoever takes it up will see.
  retrySaga: {
    name: 'platform_dead_saga',
    text: `UPDATE sagas SET state = CASE WHEN pivoted THEN 'running' ELSE 'undoing' END, attempts = 0,
             lease_token = NULL, lease_until = NULL
           WHERE id = $1 AND state = 'parked'`,
  },
  settleSaga: {
    name: 'platform_dead_saga_settled',
    text: `UPDATE sagas SET state = 'tombstone' WHERE id = $1 AND state = 'parked'`,
  },
}

const notDead = (id: string) =>
  new DomainError('platform.not_dead', 'NOT_FOUND', `${id} did not fail, or somebody has dealt with it. List what has.`)
const notFirst = (id: string, first: string) =>
  new DomainError(
    'platform.not_first',
    'CONFLICT',
    `${id} waits behind ${first}, which has its key: begin with that one.`,
  )

type Listeners = ReadonlyMap<string, Listening>
type Place = { source: string; lane: number; position: number }

/** What the operator's operations of a module do. */
export const deadLetterHandlers = (runtime: ModuleRuntime, listeners: Listeners) => ({
  async deadList(_ctx: QueryContext, { limit = shownMax }: { limit?: number }): Promise<{ dead: DeadLetter[] }> {
    const { rows } = await runtime.database.pool.query<DeadLetter>({ ...statements.list, values: [limit] })
    return { dead: rows }
  },

  async deadShow(_ctx: QueryContext, { id }: { id: string }) {
    type Row = DeadLetter & { stack: string | null; content: unknown }
    const { rows } = await runtime.database.pool.query<Row>({ ...statements.one, values: [id] })
    const [row] = rows
    if (!row) throw notDead(id)
    return { ...row, content: JSON.stringify(withoutSecrets(row.content)) }
  },

  deadRetry: (ctx: CommandContext, { id }: { id: string }): Promise<RetryOutcome> => {
    const place = placeOf(id)
    return place ? retryKey(runtime, listeners, { ctx, place }) : again(ctx, id, { skips: false })
  },

  async deadSkip(ctx: CommandContext, { id, because }: { id: string; because: string }): Promise<RetryOutcome> {
    ctx.inside.outbox.note = because
    const place = placeOf(id)
    return place ? retryKey(runtime, listeners, { ctx, place, skips: true }) : again(ctx, id, { skips: true })
  },
})

/** An event's fact travels as text: what is in it is looked through, too. */
function withoutSecrets(content: unknown): unknown {
  if (typeof content !== 'object' || content === null || !('fact' in content)) return redacted(content)
  const { fact, key, name, ...event } = content as ParkedEvent
  return { ...(redacted(event) as object), name, key, fact: redacted(JSON.parse(fact)) }
}

function placeOf(id: string): Place | undefined {
  const [kind, source, lane, position] = id.split(':')
  return kind === 'event' ? { source: source!, lane: Number(lane), position: Number(position) } : undefined
}

const idOf = ({ source, lane, position }: Place): string => `event:${source}:${lane}:${position}`

async function again({ inside }: CommandContext, id: string, { skips }: { skips: boolean }): Promise<RetryOutcome> {
  const { client } = inside.transaction
  const own = id.slice(id.indexOf(':') + 1)
  const { rowCount } = id.startsWith('job:')
    ? await client.query({ ...statements.job, values: [own, skips ? 'skipped' : 'waiting'] })
    : await client.query({ ...(skips ? statements.settleSaga : statements.retrySaga), values: [own] })
  if (rowCount !== 1) throw notDead(id)
  if (!skips) inside.outbox.alsoWakes({ events: 0, jobs: 1 })
  return { applied: 0, failedAgain: null }
}

/** Passes the first event of its key over, if that is asked, and applies the rest in order until one fails again. */
async function retryKey(
  runtime: ModuleRuntime,
  listeners: Listeners,
  { ctx, place, skips = false }: { ctx: CommandContext; place: Place; skips?: boolean },
): Promise<RetryOutcome> {
  const { transaction, outbox } = ctx.inside
  const { client } = transaction
  const { source, lane } = place
  const values = (position: number) => [source, lane, position]
  await client.query({ ...statements.cursor, values: [source, lane] })
  const { rows } = await client.query<{ position: number; event: ParkedEvent }>({
    ...statements.ofKey,
    values: values(place.position),
  })
  const [first] = rows
  if (!first) throw notDead(idOf(place))
  if (first.position !== place.position) throw notFirst(idOf(place), idOf({ ...place, position: first.position }))
  if (skips) await client.query({ ...statements.remove, values: values(place.position) })
  let applied = 0
  for (const { position, event } of skips ? rows.slice(1) : rows) {
    await client.query('SAVEPOINT parked')
    try {
      const wrote = await alone(transaction, (own) =>
        applyParked(runtime, listeners.get(source), { transaction: own, event }),
      )
      outbox.alsoWakes(wrote)
    } catch (error) {
      await client.query('ROLLBACK TO SAVEPOINT parked')
      const { reason, stack } = failureToPark(error)
      await client.query({ ...statements.failedAgain, values: [...values(position), reason, stack] })
      return { applied, failedAgain: { id: idOf({ ...place, position }), reason } }
    }
    await client.query('RELEASE SAVEPOINT parked')
    await client.query({ ...statements.remove, values: values(position) })
    applied += 1
  }
  return { applied, failedAgain: null }
}

/** Work whose trailing statements are through when it ends: within a savepoint, their failure is its own. */
async function alone<T>(transaction: Transaction, work: (own: Transaction) => Promise<T>): Promise<T> {
  const sent: Promise<unknown>[] = []
  const own = {
    ...transaction,
    trailing: (statement: Promise<unknown>) => void sent.push(statement.catch((error: unknown) => ({ failed: error }))),
  }
  const result = await work(own)
  for (const outcome of await Promise.all(sent)) {
    if (typeof outcome === 'object' && outcome !== null && 'failed' in outcome) throw outcome.failed
  }
  return result
}
