/** Starts a saga, answers a repeated one, takes over one that nobody runs any more, or turns one round. */
import { randomUUID } from 'node:crypto'
import type { CallContext } from '../calls/context.ts'
import type { BoundOperation, ModuleRuntime } from '../calls/operation.ts'
import { isKeyRace, keyLockName, recordedHashOf, waitForKey } from '../calls/run-command.ts'
import { isTransient } from '../data/database.ts'
import { keepDays } from '../events/retention.ts'
import { alreadyUndone, deadlineExceeded, DomainError, failureOf, keyReused } from '../errors.ts'
import type { SagaDefinition, UndoOfSaga } from './saga.ts'
import { LeaseLost, type RunOptions, SagaLate } from './saga-progress.ts'
import { SagaRun } from './saga-run.ts'
import {
  findSaga,
  findSagaLocked,
  insertSaga,
  type NewSaga,
  openSagas,
  parkSaga,
  type SagaRow,
  takeSaga,
  turnSaga,
} from './saga-store.ts'

const isUndo = (handler: SagaDefinition | UndoOfSaga): handler is UndoOfSaga => 'undoOf' in handler

/** Runs a saga operation to its answer. */
export async function runSaga(operation: BoundOperation, given: CallContext, input: unknown): Promise<unknown> {
  if (isUndo(operation.handler)) return undoSaga(operation, given)
  const hash = recordedHashOf(operation, input)
  // A saga that begins in its own tables finds an earlier run of its key there; one that asks first must look first.
  const beginsLocally = (operation.handler as SagaDefinition).steps[0]?.kind === 'local'
  const isNew = given.key === undefined || operation.spec.secret
  const context = isNew ? { ...given, key: newKey(operation, given) } : given
  for (let attempt = 0; ; attempt += 1) {
    // A run that was frozen finds its saga taken back, and nobody who waits for another.
    if (attempt > 0 && context.deadlineAt <= Date.now()) throw deadlineExceeded(operation.path)
    const found = attempt === 0 && (beginsLocally || isNew) ? undefined : await existing(operation, context)
    const id = found?.id ?? newSagaId(operation, context)
    try {
      if (!found) {
        const isPassing = isNew && needsNoRow(operation.handler as SagaDefinition)
        const standing = isPassing ? 'passing' : !isNew && beginsLocally && attempt === 0 ? 'unseen' : 'fresh'
        return await start(operation, context, { id, value: input, hash, standing })
      }
      if (found.operation !== operation.path || found.inputHash !== hash) throw keyReused()
      if (found.state === 'done' || (found.pivoted && found.answer !== null)) return found.answer
      if (found.state === 'parked') throw parked(found.id)
      if (found.leaseExpired) {
        const answer = await resumeSaga(operation, found.id, context)
        if (answer !== undefined) return answer
        continue
      }
    } catch (error) {
      // Another run came first: look again at what it made of the key. A double click may also be refused for no other
      // reason than what its twin has done by now.
      const twin = found ? undefined : await existing(operation, context)
      const isTwins = twin !== undefined && twin.id !== id
      if (!isTwins && !(error instanceof LeaseLost) && !isKeyRace(error) && !isTransient(error)) throw error
    }
    if (found || attempt > 0) await waitForKey(operation, context, attempt)
  }
}

const newSagaId = ({ runtime, module }: BoundOperation, { requestId }: CallContext): string =>
  runtime.newId('sag', { module, requestId })

/** A request without a key gets one too: should its run lose the lease, it must find its saga, and not begin another. */
const newKey = ({ runtime }: BoundOperation, { requestId }: CallContext): string =>
  runtime.newId('key', { module: runtime.name, requestId })

async function existing({ runtime }: BoundOperation, { caller, key }: CallContext): Promise<SagaRow | undefined> {
  const found = await findSaga(runtime.database.pool, { caller, key: key! })
  if (found?.state === 'tombstone') throw alreadyUndone()
  return found
}

const parked = (id: string) =>
  new DomainError(
    'platform.parked',
    'CONFLICT',
    `This request could not be finished and waits for a person to look at it (${id}).`,
  )

/** Asked to take back what they have forgotten, neighbours would take it for what has not arrived yet, and say that all is well. */
const forgotten = () =>
  new DomainError(
    'platform.forgotten',
    'CONFLICT',
    `It began more than ${keepDays} days ago, so what it asked of others can only be taken back by hand.`,
  )

type NewRun = { id: string; value: unknown; hash: string; standing: RunOptions['standing'] }

/** Whether all that a saga may change is changed by one transaction at its end: then there is nothing to take up or back. */
const needsNoRow = ({ steps }: SagaDefinition): boolean =>
  steps.every((step, index) => (step.kind === 'local' ? index === steps.length - 1 : !step.effect))

function start(
  operation: BoundOperation,
  context: CallContext,
  { id, value: input, hash: inputHash, standing }: NewRun,
): Promise<unknown> {
  const { path } = operation
  const { actor, caller, requestId, correlation = requestId, key } = context
  const row = newRow({ id, caller, key: key!, operation: path, input, inputHash, actor, requestId, correlation })
  return new SagaRun(operation, { row, standing, leaseToken: randomUUID(), context }).forward()
}

function newRow(saga: NewSaga): SagaRow {
  const progress = { state: 'running' as const, pivoted: false, results: {}, undone: {}, answer: null, failure: null }
  return { ...saga, ...progress, leaseToken: null, leaseExpired: false, isLate: false, isForgotten: false, attempts: 0 }
}

/**
 * Takes over a saga whose lease has expired: forward where its pivot was sent, else back, whether or not it is late.
 * Returns its answer, or undefined where it was undone or another run has it.
 */
export async function resumeSaga(operation: BoundOperation, id: string, context: CallContext): Promise<unknown> {
  const { runtime } = operation
  const leaseToken = randomUUID()
  const row = await takeSaga(runtime.database.pool, { id, leaseToken, leaseMs: runtime.leaseMs })
  if (!row) return undefined
  const own: CallContext = {
    ...context,
    actor: row.actor,
    requestId: row.requestId,
    correlation: row.correlation ?? row.requestId,
  }
  const isForward = row.state === 'running' && row.pivoted
  if (!isForward && row.isForgotten) {
    const failure = failureOf(forgotten(), operation.promised)
    await parkSaga(runtime.database.pool, { id, leaseToken, failure })
    return undefined
  }
  if (row.state === 'running' && !row.pivoted && row.isLate)
    row.failure ??= failureOf(new SagaLate(operation.path), operation.promised)
  const taken = new SagaRun(operation, { row, standing: 'taken', leaseToken, context: own })
  if (isForward) return taken.forward()
  await taken.back()
  return undefined
}

/** Takes back a saga of the same module, whether it has arrived, is under way, or is done. */
async function undoSaga(operation: BoundOperation, context: CallContext): Promise<unknown> {
  const { runtime } = operation
  const undone = (operation.handler as UndoOfSaga).undoOf
  const target = runtime.operations.get(undone)!
  const { undoesKey: key } = context
  if (key === undefined) throw new Error(`${operation.path} only takes back a ${undone} that a saga asked for.`)
  for (let attempt = 0; ; attempt += 1) {
    const leaseToken = randomUUID()
    const turned = await turnOrBury(target, context, { key, leaseToken }).catch((error: unknown) => {
      // The saga arrived between our look and our lock.
      if (isKeyRace(error)) return 'busy' as const
      throw error
    })
    if (turned === 'busy') {
      await waitForKey(operation, context, attempt)
      continue
    }
    if (turned) {
      const { actor, requestId, correlation } = turned
      const own: CallContext = { ...context, actor, requestId, correlation: correlation ?? requestId }
      await new SagaRun(target, { row: turned, standing: 'taken', leaseToken, context: own })
        .back()
        .catch((error: unknown) => {
          // It is turned for good; the sweep finishes what this run could not.
          runtime.log.warn({ err: error, saga: turned.id }, 'an undo goes on later')
        })
    }
    return {}
  }
}

/** Turns the saga under the key round, or leaves a tombstone for one that has not arrived. */
function turnOrBury(
  target: BoundOperation,
  context: CallContext,
  { key, leaseToken }: { key: string; leaseToken: string },
): Promise<SagaRow | 'busy' | undefined> {
  const { runtime, module } = target
  const { caller } = context
  return runtime.database.transaction(async ({ client, trailing }) => {
    const { free, row } = await findSagaLocked(client, { caller, key, lockName: keyLockName(module, caller, key) })
    if (!free) return 'busy' as const
    const failure = failureOf(alreadyUndone(), target.promised)
    if (row) return turnSaga(client, { id: row.id, leaseToken, leaseMs: runtime.leaseMs, failure })
    trailing(insertTombstone(target, context, { client, key }))
    return undefined
  })
}

/** The undo came first: the late operation finds this and is refused. */
function insertTombstone(
  target: BoundOperation,
  context: CallContext,
  { client, key }: { client: Parameters<typeof insertSaga>[0]; key: string },
) {
  const { actor, caller, requestId, correlation = requestId } = context
  const id = newSagaId(target, context)
  const saga = newRow({
    id,
    caller,
    key,
    operation: target.path,
    input: null,
    inputHash: '',
    actor,
    requestId,
    correlation,
  })
  const progress = { ...saga, state: 'tombstone' as const }
  return insertSaga(client, saga, { progress, leaseToken: '', leaseMs: 0, deadlineMs: null })
}

/** Takes over what nobody runs any more, at most `limit` sagas. Returns how many were taken. */
export async function resumeOpenSagas(
  runtime: ModuleRuntime,
  { limit, contextFor }: { limit: number; contextFor(): CallContext },
): Promise<number> {
  const open = await openSagas(runtime.database.pool, limit)
  const one = async ({ id, operation: path }: { id: string; operation: string }) => {
    const operation = runtime.operations.get(path.split('.')[1] ?? '')
    if (!operation) throw new Error(`The saga ${id} is of an operation that ${runtime.name} no longer has.`)
    await resumeSaga(operation, id, contextFor())
  }
  for (const result of await Promise.allSettled(open.map(one))) {
    if (result.status === 'rejected')
      runtime.log.info({ err: result.reason as unknown }, 'a saga could not be finished yet')
  }
  return open.length
}
