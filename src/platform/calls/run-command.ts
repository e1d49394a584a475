/**
 * A command: one transaction that takes its key, finds the record of an earlier run or does the work, and writes the
 * record. Repeated, it answers what it answered. One that came without a key cannot be repeated, and one that holds a
 * secret is not recorded: both only do the work.
 *
 * The key is a transaction-level advisory lock, tried and not waited for, so that a busy key holds no connection. The
 * lock is looked at by the statement that also looks for the record: where another run commits between that statement's
 * snapshot and the lock, the record's primary key refuses ours, and we look again; so we do where the work is refused, for
 * that may be for no other reason than what the other run has done.
 */
import { hash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { CallContext } from './context.ts'
import { CommandContext } from './contexts.ts'
import type { BoundOperation } from './operation.ts'
import { constraintOf, isTransient, type Transaction } from '../data/database.ts'
import { alreadyUndone, deadlineExceeded, DomainError, inProgress, keyReused } from '../errors.ts'
import { Outbox } from '../events/outbox.ts'
import { redacted } from '../redact.ts'
import { isStaff } from '../values.ts'

const lookup = {
  name: 'platform_command_lookup',
  text: `SELECT pg_try_advisory_xact_lock(hashtextextended($3, 0)) AS free, c.operation, c.input_hash, c.state, c.answer
         FROM (VALUES (1)) AS one LEFT JOIN commands c ON c.caller = $1 AND c.key = $2`,
}

const record = {
  name: 'platform_command_record',
  text: `INSERT INTO commands (caller, key, operation, input_hash, state, answer, correlation, actor, input)
         VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8::jsonb, $9::jsonb)`,
}

const recorded = { name: 'platform_command_recorded', text: 'SELECT 1 FROM commands WHERE caller = $1 AND key = $2' }

/** A delivery of thousands of lines is not kept twice. */
const tracedTextMax = 8_000

const refusedByRecord: ReadonlySet<string> = new Set([alreadyUndone().reason, keyReused().reason])

type Found = { free: boolean; operation: string | null; input_hash: string; state: string; answer: unknown }
type Attempt = { busy: true } | { busy: false; answer: unknown }

/** Runs a command, or answers what it answered under the same key before. */
export async function runCommand(operation: BoundOperation, given: CallContext, input: unknown): Promise<unknown> {
  const context = operation.spec.secret ? { ...given, key: undefined } : given
  const inputHash = recordedHashOf(operation, input)
  for (let attempt = 0; ; attempt += 1) {
    try {
      const outcome = await attemptCommand(operation, context, { value: input, hash: inputHash })
      if (!outcome.busy) return outcome.answer
      await waitForKey(operation, context, attempt)
    } catch (error) {
      if (!mayBeTriedAgain(error) && !(await isTwinsDoing(error, operation, context))) throw error
      if (attempt >= 8 || Date.now() >= context.deadlineAt) throw error
    }
  }
}

/** SHA-256 over operation and input; the input was parsed, so its fields stand in the contract's order. */
export const inputHashOf = (path: string, input: unknown): string =>
  hash('sha256', `${path}\n${JSON.stringify(input)}`, 'hex')

/** The hash that is written down: of a secret not even that, since short ones can be found by trying. */
export const recordedHashOf = ({ path, spec }: BoundOperation, input: unknown): string =>
  inputHashOf(path, spec.secret ? null : input)

const mayBeTriedAgain = (error: unknown): boolean => isTransient(error) || isKeyRace(error)

export const isKeyRace = (error: unknown): boolean =>
  ['commands_caller_key_pk', 'sagas_key', 'sagas_pkey'].includes(constraintOf(error) ?? '')

/** Whether a run with the same key has been recorded since ours looked for it. */
async function isTwinsDoing(
  error: unknown,
  { runtime }: BoundOperation,
  { caller, key }: CallContext,
): Promise<boolean> {
  // These were refused for the record itself.
  if (key === undefined || (error instanceof DomainError && refusedByRecord.has(error.reason))) return false
  const found = runtime.database.pool.query({ ...recorded, values: [caller, key] })
  return found.then(
    ({ rowCount }) => rowCount === 1,
    () => false,
  )
}

async function attemptCommand(
  operation: BoundOperation,
  context: CallContext,
  input: { value: unknown; hash: string },
): Promise<Attempt> {
  const { runtime, path, spec } = operation
  const outbox = new Outbox(runtime, context, context.key ?? null)
  const { key } = context
  const outcome = await runtime.database.transaction<Attempt>(async (transaction) => {
    const { client, trailing } = transaction
    if (key !== undefined) {
      const found = await lookUp(transaction, operation, { caller: context.caller, key })
      if (!found.free) return { busy: true }
      if (found.operation !== null) return { busy: false, answer: answerOf(found, path, input.hash) }
    }
    if (spec.undoes !== undefined && context.undoesKey !== undefined) {
      const undone = await lookUp(transaction, operation, { caller: context.caller, key: context.undoesKey })
      if (!undone.free) return { busy: true }
      if (undone.operation === null) leaveTombstone(transaction, operation, context)
    }
    const answer = await operation.handler(new CommandContext(runtime, context, { transaction, outbox }), input.value)
    if (spec.audited && isStaff(context.actor)) {
      const recordKey = key ?? runtime.newId('key', { module: runtime.name, requestId: context.requestId })
      announceAudited(outbox, operation, { context, record: recordKey, inputHash: input.hash })
    }
    outbox.flush(transaction)
    if (key !== undefined) {
      const found = [context.caller, key, path, input.hash, 'done', JSON.stringify(answer)]
      trailing(client.query({ ...record, values: [...found, ...tracedOf(context, input.value)] }))
    }
    return { busy: false, answer }
  })
  outbox.wake()
  return outcome
}

/** What a trace is told of a command: what it belongs to, who asked, and for what, without what is sensitive. */
function tracedOf(
  { actor, requestId, correlation = requestId }: CallContext,
  input: unknown,
): [string, string, string] {
  const text = JSON.stringify(redacted(input))
  const asked = text.length > tracedTextMax ? JSON.stringify({ omitted: `${text.length} characters` }) : text
  return [correlation, JSON.stringify(actor), asked]
}

async function lookUp(
  { client }: Transaction,
  { runtime }: BoundOperation,
  { caller, key }: { caller: string; key: string },
): Promise<Found> {
  const { rows } = await client.query<Found>({
    ...lookup,
    values: [caller, key, keyLockName(runtime.name, caller, key)],
  })
  return rows[0]!
}

/** The name of a key's advisory lock. Advisory locks belong to the database, so the module is part of it. */
export const keyLockName = (module: string, caller: string, key: string): string => `key\n${module}\n${caller}\n${key}`

function answerOf(found: Found, path: string, hashed: string): unknown {
  if (found.state === 'tombstone') throw alreadyUndone()
  if (found.operation !== path || found.input_hash !== hashed) throw keyReused()
  return found.answer
}

/** The undo came first: what it undoes is refused when it arrives. */
function leaveTombstone({ client, trailing }: Transaction, operation: BoundOperation, context: CallContext): void {
  const undone = `${operation.module}.${operation.spec.undoes}`
  trailing(
    client.query({
      ...record,
      values: [context.caller, context.undoesKey, undone, '', 'tombstone', null, ...tracedOf(context, null)],
    }),
  )
}

/** What staff may do is announced for the audit, in the same transaction. */
export function announceAudited(
  outbox: Outbox,
  { path, runtime }: BoundOperation,
  { context, record: recordKey, inputHash }: { context: CallContext; record: string; inputHash: string },
): void {
  const fact = {
    operation: path,
    record: `${context.caller}/${recordKey}`,
    requestId: context.requestId,
    inputHash,
    at: runtime.clock.now(),
    ...(outbox.note !== undefined && { note: outbox.note }),
  }
  outbox.announce(runtime.audited, fact)
}

/** Waits a little for a key that another run holds; gives up before the deadline, so that the caller is told why. */
export async function waitForKey(
  { path }: BoundOperation,
  { deadlineAt }: CallContext,
  attempt: number,
): Promise<void> {
  const left = deadlineAt - Date.now()
  if (left <= 0) throw deadlineExceeded(path)
  const pause = Math.min(10 * 2 ** attempt, 250)
  if (left <= pause + 50) throw inProgress()
  await delay(pause)
}
