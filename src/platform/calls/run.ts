/**
 * The one pipeline: every door (near proxy, far handler, stock tRPC adapter, webhook) is a shell around `run`.
 *
 * deadline → access → input → the operation, by its kind → answer. What leaves is a value, or a failure with a reason.
 */
import { isConnectionLoss, isDiskFull, sqlStateOf } from '../data/database.ts'
import {
  deadlineExceeded,
  failureOf,
  type Failure,
  forbidden,
  invalidInput,
  unauthenticated,
  unavailable,
  unknownOperation,
} from '../errors.ts'
import { holds } from '../values.ts'
import { runSaga } from '../saga/run-saga.ts'
import type { CallContext } from './context.ts'
import { QueryContext } from './contexts.ts'
import type { BoundOperation } from './operation.ts'
import { auditRefusal } from './refusals.ts'
import { runCommand } from './run-command.ts'

const unreachable = 'The database cannot be reached.'
const diskFull = 'The disk of the database is full: nothing more can be kept until there is room.'

export type Outcome = { ok: true; value: unknown } | { ok: false; failure: Failure }

/** Runs an operation on a raw, hostile input. Never throws. */
export async function run(operation: BoundOperation, context: CallContext, raw: unknown): Promise<Outcome> {
  // A caller near by may go on to use its object for something else: what is audited is what was asked.
  let input = raw
  try {
    if (context.deadlineAt <= Date.now()) throw deadlineExceeded(operation.path)
    assertAccess(operation, context)
    input = parse(operation, raw)
    const answer = await withinDeadline(execute(operation, context, input), operation, context)
    const checked = operation.output.safeParse(answer)
    if (!checked.success)
      throw new Error(`${operation.path} answered what its contract does not promise: ${checked.error.message}`)
    return { ok: true, value: checked.data }
  } catch (error) {
    const failure = failureOf(
      isConnectionLoss(error) ? unavailable(isDiskFull(error) ? diskFull : unreachable) : error,
      operation.promised,
    )
    if (failure.reason === 'platform.internal') {
      operation.runtime.log.error(
        {
          err: operation.spec.secret ? namedOnly(error) : error,
          operation: operation.path,
          requestId: context.requestId,
        },
        'an operation failed',
      )
    }
    if (operation.spec.audited) await auditRefusal(operation, context, { failure, raw: input })
    return { ok: false, failure }
  }
}

/** What may be told of a failure whose message may quote a secret: a statement's error names its values. */
const namedOnly = (error: unknown) => ({
  name: error instanceof Error ? error.name : 'unknown',
  code: sqlStateOf(error),
})

function assertAccess({ spec, path }: BoundOperation, { actor, caller }: CallContext): void {
  const { access } = spec
  if (access.kind === 'anyone') return
  if (access.kind === 'internal') {
    // To the world outside an internal operation does not exist.
    if (isOutside(caller)) throw unknownOperation(path)
    return
  }
  if (actor.kind === 'guest') throw unauthenticated()
  if (access.kind === 'staff' && !holds(actor, access.permission)) throw forbidden(access.permission)
}

/** Calls from the world outside carry `client:<who>` as their caller. */
export const isOutside = (caller: string): boolean => caller.startsWith('client:')

function parse({ input, path }: BoundOperation, raw: unknown): unknown {
  const parsed = input.safeParse(raw)
  if (!parsed.success) throw invalidInput(path, parsed.error)
  return parsed.data
}

function execute(operation: BoundOperation, context: CallContext, input: unknown): Promise<unknown> {
  const { kind } = operation.spec
  if (kind === 'command') return runCommand(operation, context, input)
  if (kind === 'saga') return runSaga(operation, context, input)
  return operation.handler(new QueryContext(operation.runtime, context), input) as Promise<unknown>
}

/** The caller stops waiting at its deadline, or a query's caller when it hangs up; a command goes on to its end. */
async function withinDeadline(work: Promise<unknown>, { path, spec }: BoundOperation, context: CallContext) {
  const { deadlineAt } = context
  const signal = spec.kind === 'query' ? context.signal : undefined
  let stop: (() => void) | undefined
  const stopped = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(deadlineExceeded(path)), Math.max(0, deadlineAt - Date.now()))
    const hangUp = () => reject(deadlineExceeded(path))
    signal?.addEventListener('abort', hangUp, { once: true })
    stop = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', hangUp)
    }
  })
  try {
    return await Promise.race([work, stopped])
  } finally {
    stop?.()
    // A command that outlives its caller's patience may still fail; that failure has nobody left to tell.
    work.catch(() => undefined)
  }
}
