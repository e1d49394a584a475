/**
 * Refusals of what staff may do, for the audit: what was refused to a member of staff or a key is announced in a transaction of
 * its own, since the command's was rolled back. What strangers are refused is counted in memory and announced together, so that
 * a flood of them costs no row each; a crash loses the counts of the last seconds.
 */
import { type Failure, forbidden, unauthenticated } from '../errors.ts'
import type { AuditedFact } from '../events/event.ts'
import { Outbox } from '../events/outbox.ts'
import { type Actor, isStaff } from '../values.ts'
import type { CallContext } from './context.ts'
import type { BoundOperation, ModuleRuntime } from './operation.ts'
import { inputHashOf } from './run-command.ts'

type Counted = { operation: string; reason: string; actor: Actor; times: number }

/** How many different refusals are told apart between two announcements; guests never make that many. */
const countedMax = 1000

/** What strangers were refused since it was last announced. */
export class CountedRefusals {
  #counts = new Map<string, Counted>()

  add({ operation, reason, actor, times }: Counted): void {
    const name = `${operation} ${reason} ${idOf(actor)}`
    const known = this.#counts.get(name)
    if (known) known.times += times
    // Customers beyond that many share one name: what was tried, and how often, is still told.
    else if (this.#counts.size >= countedMax && idOf(actor) !== manyCustomers.id)
      this.add({ operation, reason, actor: manyCustomers, times })
    else this.#counts.set(name, { operation, reason, actor, times })
  }

  /** All that was counted, which is forgotten with that. */
  take(): Counted[] {
    const taken = [...this.#counts.values()]
    this.#counts = new Map()
    return taken
  }
}

const manyCustomers = { kind: 'customer' as const, id: 'many' }
const idOf = (actor: Actor): string => ('id' in actor ? actor.id : actor.kind)

const byPermission: ReadonlySet<string> = new Set([forbidden('').reason, unauthenticated().reason])

/** Takes down that an audited operation was refused, where that is of interest. Never throws. */
export async function auditRefusal(
  operation: BoundOperation,
  context: CallContext,
  { failure: { reason }, raw }: { failure: Failure; raw: unknown },
): Promise<void> {
  const { runtime, path, spec, promised } = operation
  const { actor } = context
  if (byPermission.has(reason) && (actor.kind === 'guest' || actor.kind === 'customer'))
    return runtime.refusals.add({ operation: path, reason, actor, times: 1 })
  const isRefused = byPermission.has(reason) || (spec.kind !== 'query' && promised.has(reason))
  if (!isRefused || !isStaff(actor)) return
  const key = context.key ?? runtime.newId('key', { module: runtime.name, requestId: context.requestId })
  const fact = {
    operation: path,
    record: `${context.caller}/${key}`,
    inputHash: hashOf(operation, raw),
    refused: reason,
  }
  try {
    await announce(runtime, [{ context, fact }])
  } catch (error) {
    const told = { err: error, operation: path, refused: reason, requestId: context.requestId, actor: idOf(actor) }
    runtime.log.error(told, 'a refusal could not be recorded for the audit')
  }
}

/** Announces what was counted since the last time. Where that fails, it stays counted. */
export async function announceCounted(runtime: ModuleRuntime): Promise<void> {
  const counted = runtime.refusals.take()
  if (counted.length === 0) return
  const requestId = `refusals:${runtime.name}`
  try {
    await announce(
      runtime,
      counted.map(({ operation, reason: refused, actor, times }) => ({
        context: { actor, requestId, key: undefined },
        fact: { operation, record: `refusals/${operation}/${refused}`, inputHash: '', refused, times },
      })),
    )
  } catch (error) {
    for (const each of counted) runtime.refusals.add(each)
    throw error
  }
}

type Refusal = {
  context: Pick<CallContext, 'actor' | 'requestId' | 'key'>
  fact: Omit<AuditedFact, 'requestId' | 'at'>
}

/** One transaction for all; an outbox each, for an event tells who acted. */
async function announce(runtime: ModuleRuntime, refusals: readonly Refusal[]): Promise<void> {
  const outboxes = refusals.map(({ context, fact }) => {
    const outbox = new Outbox(runtime, context, context.key ?? null)
    outbox.announce(runtime.audited, { ...fact, requestId: context.requestId, at: runtime.clock.now() })
    return outbox
  })
  await runtime.database.transaction(async (transaction) => {
    for (const outbox of outboxes) outbox.flush(transaction)
  })
  outboxes[0]?.wake()
}

/** The input's hash as a command's record would have it, or of the input as it came where it is none. */
function hashOf({ spec, input, path }: BoundOperation, raw: unknown): string {
  // Of a secret not even the hash is kept: whoever can guess the secret could tell that he has guessed it.
  if (spec.secret) return ''
  try {
    const parsed = input.safeParse(raw)
    return inputHashOf(path, parsed.success ? parsed.data : raw)
  } catch {
    // Nested so deeply that it cannot be written.
    return ''
  }
}
