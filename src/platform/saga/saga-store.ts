/**
 * A saga's row: its idempotency record and its progress in one.
 *
 * Every write names the lease token of the run that makes it. A run that lost its lease (paused, partitioned, taken
 * over) finds no row to write, and stops.
 */
import type { ClientBase, QueryResult } from 'pg'
import { sqlStateOf } from '../data/database.ts'
import type { Failure } from '../errors.ts'
import { keepDays } from '../events/retention.ts'
import type { Actor } from '../values.ts'

export type SagaStatus = 'running' | 'done' | 'undoing' | 'undone' | 'parked' | 'tombstone'

export type SagaRow = {
  id: string
  caller: string
  key: string
  operation: string
  input: unknown
  inputHash: string
  actor: Actor
  requestId: string
  correlation: string | null
  state: SagaStatus
  pivoted: boolean
  results: Record<string, unknown>
  undone: Record<string, unknown>
  answer: unknown
  failure: Failure | null
  leaseToken: string | null
  leaseExpired: boolean
  /** Whether its deadline has passed. */
  isLate: boolean
  /** Whether it began so long ago that neighbours have forgotten what it asked of them. */
  isForgotten: boolean
  attempts: number
}

/** What a run writes of its progress; an update adds its `results` and `undone` to those that are there. */
export type Progress = {
  state: SagaStatus
  pivoted: boolean
  results: Record<string, unknown>
  undone: Record<string, unknown>
  answer: unknown
  failure: Failure | null
}

type Queryable = Pick<ClientBase, 'query'>

const columns = `id, caller, key, operation, input, input_hash AS "inputHash", actor, request_id AS "requestId", correlation, state, pivoted,
  results, undone, answer, failure, lease_token AS "leaseToken", attempts,
  (lease_until IS NULL OR lease_until < clock_timestamp()) AS "leaseExpired",
  coalesce(deadline_at <= clock_timestamp(), false) AS "isLate",
  recorded_at < clock_timestamp() - interval '${keepDays} days' AS "isForgotten"`

const find = {
  name: 'platform_saga_find',
  text: `SELECT ${columns} FROM sagas WHERE caller = $1 AND key = $2 AND state <> 'undone'`,
}

const findLocked = {
  name: 'platform_saga_find_locked',
  text: `SELECT pg_try_advisory_xact_lock(hashtextextended($3, 0)) AS free, s.*
         FROM (VALUES (1)) AS one
         LEFT JOIN (SELECT ${columns} FROM sagas WHERE caller = $1 AND key = $2 AND state <> 'undone') AS s ON true`,
}

const insert = {
  name: 'platform_saga_insert',
  text: `INSERT INTO sagas (id, caller, key, operation, input, input_hash, actor, request_id, state, pivoted, results, undone,
           answer, failure, lease_token, lease_until, correlation, deadline_at)
         VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7::jsonb, $8, $9, $10, $11::jsonb, $12::jsonb, $13::jsonb, $14::jsonb, $15,
           clock_timestamp() + $16::bigint * interval '1 ms', $17, clock_timestamp() + $18::bigint * interval '1 ms')`,
}

// Before the pivot, and at it, nothing is written that takes a saga forward after its deadline: whoever decided to do so
// may have been stopped since, and only the database knows how long. What ends a saga ends its lease: a run that did not hear
// of that finds its saga as one that is another's.
const updateText = `UPDATE sagas SET state = $3, pivoted = $4, results = results || $5::jsonb, undone = undone || $6::jsonb,
           answer = $7::jsonb, failure = $8::jsonb, lease_until = clock_timestamp() + $9::bigint * interval '1 ms',
           lease_token = CASE WHEN $3 IN ('running', 'undoing') THEN lease_token END
         WHERE id = $1 AND lease_token = $2
           AND (pivoted OR $3 NOT IN ('running', 'done') OR deadline_at IS NULL OR deadline_at > clock_timestamp())`

const update = { name: 'platform_saga_update', text: updateText }

// COMMIT travels right behind it, without waiting for an answer: so a lost lease, or a deadline that has passed, must be an
// error (division by zero) of the statement itself, or what the run did all the same would be committed.
const updateHeld = {
  name: 'platform_saga_update_held',
  text: `WITH held AS (${updateText} RETURNING 1) SELECT 1 / count(*) FROM held`,
}

const park = {
  name: 'platform_saga_park',
  text: `UPDATE sagas SET state = 'parked', failure = $3::jsonb, lease_token = NULL WHERE id = $1 AND lease_token = $2`,
}

const holds = { name: 'platform_saga_holds', text: 'SELECT 1 FROM sagas WHERE id = $1 AND lease_token = $2' }

const renew = {
  name: 'platform_saga_renew',
  text: `UPDATE sagas SET lease_until = clock_timestamp() + $3::bigint * interval '1 ms' WHERE id = $1 AND lease_token = $2`,
}

const take = {
  name: 'platform_saga_take',
  text: `UPDATE sagas SET lease_token = $2, lease_until = clock_timestamp() + $3::bigint * interval '1 ms', attempts = attempts + 1
         WHERE id = $1 AND state IN ('running', 'undoing') AND (lease_until IS NULL OR lease_until < clock_timestamp())
         RETURNING ${columns}`,
}

const turn = {
  name: 'platform_saga_turn',
  text: `UPDATE sagas SET state = 'undoing', pivoted = false, failure = $4::jsonb, attempts = 0, lease_token = $2,
           lease_until = clock_timestamp() + $3::bigint * interval '1 ms'
         WHERE id = $1 AND state IN ('running', 'done', 'undoing', 'parked') RETURNING ${columns}`,
}

const open = {
  name: 'platform_saga_open',
  text: `SELECT id, operation FROM sagas WHERE state IN ('running', 'undoing') AND (lease_until IS NULL OR lease_until < clock_timestamp())
         ORDER BY lease_until NULLS FIRST LIMIT $1`,
}

/** The saga under this key, unless it was undone (asking again may succeed). */
export async function findSaga(
  on: Queryable,
  { caller, key }: { caller: string; key: string },
): Promise<SagaRow | undefined> {
  const { rows } = await on.query<SagaRow>({ ...find, values: [caller, key] })
  return rows[0]
}

/** The same, holding the key's lock to the end of the transaction; `free` is false where another transaction holds it. */
export async function findSagaLocked(
  on: Queryable,
  { caller, key, lockName }: { caller: string; key: string; lockName: string },
): Promise<{ free: boolean; row: SagaRow | undefined }> {
  const { rows } = await on.query<SagaRow & { free: boolean }>({ ...findLocked, values: [caller, key, lockName] })
  const row = rows[0]!
  return { free: row.free, row: row.id === null ? undefined : row }
}

/** What a saga is begun with. */
export type NewSaga = Pick<
  SagaRow,
  'id' | 'caller' | 'key' | 'operation' | 'input' | 'inputHash' | 'actor' | 'requestId' | 'correlation'
>

/** How a saga's row begins; `deadlineMs` is what is left until its deadline, null where it has none. */
type Begun = { progress: Progress; leaseToken: string; leaseMs: number; deadlineMs: number | null }

/** Sends the insert of a saga's row. */
export function insertSaga(
  on: Queryable,
  saga: NewSaga,
  { progress, leaseToken, leaseMs, deadlineMs }: Begun,
): Promise<QueryResult> {
  const { id, caller, key, operation, inputHash, requestId, correlation } = saga
  const values = [
    id,
    caller,
    key,
    operation,
    JSON.stringify(saga.input),
    inputHash,
    JSON.stringify(saga.actor),
    requestId,
  ]
  return on.query({
    ...insert,
    values: [...values, ...valuesOf(progress), leaseToken, leaseMs, correlation, deadlineMs],
  })
}

type Lease = { id: string; leaseToken: string; leaseMs: number }

/** Sends the update of a saga's row. Its `rowCount` is 0 where it is refused: the lease is lost, or it is too late to go forward. */
export function updateSaga(
  on: Queryable,
  { id, leaseToken, leaseMs }: Lease,
  progress: Progress,
): Promise<QueryResult> {
  return on.query({ ...update, values: [id, leaseToken, ...valuesOf(progress), leaseMs] })
}

/** Sends the update of a saga's row in a transaction, which fails where it is refused: `isRefused` tells. */
export function updateHeldSaga(
  on: Queryable,
  { id, leaseToken, leaseMs }: Lease,
  progress: Progress,
): Promise<QueryResult> {
  return on.query({ ...updateHeld, values: [id, leaseToken, ...valuesOf(progress), leaseMs] })
}

export const isRefused = (error: unknown): boolean => sqlStateOf(error) === '22012'

/** Leaves a saga to a person. */
export async function parkSaga(
  on: Queryable,
  { id, leaseToken, failure }: { id: string; leaseToken: string; failure: Failure },
): Promise<void> {
  await on.query({ ...park, values: [id, leaseToken, JSON.stringify(failure)] })
}

/** Whether the lease is still held. */
export async function holdsLease(on: Queryable, { id, leaseToken }: Lease): Promise<boolean> {
  const { rowCount } = await on.query({ ...holds, values: [id, leaseToken] })
  return rowCount === 1
}

const valuesOf = ({ state, pivoted, results, undone, answer, failure }: Progress): unknown[] => [
  state,
  pivoted,
  JSON.stringify(results),
  JSON.stringify(undone),
  answer === undefined ? null : JSON.stringify(answer),
  failure === null ? null : JSON.stringify(failure),
]

/** Prolongs a lease; false where it is lost. */
export async function renewLease(on: Queryable, lease: Lease): Promise<boolean> {
  const { rowCount } = await on.query({ ...renew, values: [lease.id, lease.leaseToken, lease.leaseMs] })
  return rowCount === 1
}

/** Takes over a saga whose lease has expired. */
export async function takeSaga(on: Queryable, { id, leaseToken, leaseMs }: Lease): Promise<SagaRow | undefined> {
  const { rows } = await on.query<SagaRow>({ ...take, values: [id, leaseToken, leaseMs] })
  return rows[0]
}

/**
 * Turns a saga round, whatever became of it: from now on it is undone, because of `failure`, and ends as a tombstone. A
 * run of it that is under way loses its lease.
 */
export async function turnSaga(
  on: Queryable,
  { id, leaseToken, leaseMs, failure }: Lease & { failure: Failure },
): Promise<SagaRow | undefined> {
  const { rows } = await on.query<SagaRow>({ ...turn, values: [id, leaseToken, leaseMs, JSON.stringify(failure)] })
  return rows[0]
}

/** The sagas that nobody runs, longest waiting first. */
export async function openSagas(on: Queryable, limit: number): Promise<{ id: string; operation: string }[]> {
  const { rows } = await on.query<{ id: string; operation: string }>({ ...open, values: [limit] })
  return rows
}
