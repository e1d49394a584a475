/** One call in one hall: made in process as a module makes it, and whatever comes of it as a value that can be compared. */
import { inspect, isDeepStrictEqual } from 'node:util'
import { clientsFor } from '#platform/calls/clients'
import type { Actor } from '#platform/values'
import type { TestHall } from '#testing/hall'
import { TRPCClientError } from '@trpc/client'
import { hallContracts } from '../../src/contracts.ts'
import { type ModuleName, moduleNames } from '../../src/modules.ts'
import { spoil } from './mutations.ts'

export type Call = {
  path: string
  input: unknown
  actor?: Actor
  caller?: string
  requestId?: string
  key?: string
  undoesKey?: string
  timeoutMs?: number
  /** Spoils the input as soon as the call has begun: the callee must have its own. */
  spoilsInput?: boolean
}
/** A call of which nothing is left to be decided. */
export type Complete = Call & { actor: Actor; caller: string; requestId: string }
export type Outcome = { ok: true; value: any } | { ok: false; error: any; reason: string }

/** Until when a hold keeps its stock is database time, wherever it is told. */
export const holdEnds = ['expiresAt', 'heldUntil', 'held_until']

export const print = (value: unknown): string =>
  inspect(value, { depth: 8, maxStringLength: 1500, maxArrayLength: 40, breakLength: 120 })

/** Calls as the module, or whoever else, that is the caller. */
export async function ask(hall: TestHall, call: Complete): Promise<Outcome> {
  const { path, actor, caller, requestId, key, undoesKey, timeoutMs = 30_000 } = call
  const [module, name] = path.split('.') as [ModuleName, string]
  // A process speaks for the modules that it hosts, and the gateway's for whoever is none.
  const { dispatch } = hall.processes.find(({ hosted }) => hosted.has(caller)) ?? hall.processes[0]!
  const callsFor = clientsFor({ caller, callees: moduleNames, contracts: hallContracts, dispatch })
  const given = structuredClone(actor)
  const context = {
    actor: given,
    caller,
    requestId,
    traceparent: undefined,
    deadlineAt: Date.now() + timeoutMs,
    key: undefined,
    undoesKey,
    signal: undefined,
  }
  const input = structuredClone(call.input)
  const { query, mutate } = callsFor(context)[module][name]
  const outcome = await outcomeOf(async () => {
    const answering = (query ?? mutate)(input, key === undefined ? {} : { key })
    if (call.spoilsInput) spoil(input)
    return answering
  })
  if (!call.spoilsInput) assertUntouched(path, input, call.input)
  assertUntouched(path, given, actor)
  return outcome
}

/** What comes of a call, wherever it is made. The answer is spoilt: whoever shares a part of it will be found out by a later call. */
export async function outcomeOf(asking: () => Promise<unknown>): Promise<Outcome> {
  try {
    const answer = await asking()
    const value = timeless(structuredClone(answer))
    spoil(answer)
    return { ok: true, value }
  } catch (error) {
    if (!(error instanceof TRPCClientError)) throw error
    const { name, message, data, shape, meta, cause } = error
    assertTellsNothing(error)
    const fields = Object.keys(error).sort()
    return {
      ok: false,
      reason: data?.reason,
      error: { name, message, data, shape, meta, hasCause: cause !== undefined, fields },
    }
  }
}

/** Where the callee's sources lie; an error may name the line that called, and nothing behind it. */
const insides = /\/src\/(modules|platform\/(?!calls\/clients\.ts|errors\.ts))/

function assertTellsNothing(error: Error): void {
  if (insides.test(error.stack ?? '')) throw new Error(`A refusal tells where it was made: ${error.stack}`)
}

/** A hold's end as what it is: some instant to come. */
const timeless = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (field, each: unknown) =>
    holdEnds.includes(field) && typeof each === 'string' && Date.parse(each) > Date.now() ? 'to come' : each,
  )

function assertUntouched(path: string, given: unknown, asked: unknown): void {
  if (!isDeepStrictEqual(given, asked))
    throw new Error(`${path} changed what it was given: ${print(given)}, not ${print(asked)}`)
}
