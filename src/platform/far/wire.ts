/**
 * What calls look like between processes: `POST /calls` carries a JSON array of calls, those that began in the same instant, and its
 * answer is a line for each, `<id> <outcome>`, as soon as that one is through. So many small calls share a request, and none
 * waits for a slower neighbour. A caller that no longer wants an answer says so in a later request: `{ "cancel": id }`.
 */
import { z } from 'zod'
import type { Route } from '../calls/clients.ts'
import type { CallContext } from '../calls/context.ts'
import type { Outcome } from '../calls/run.ts'
import type { ErrorCode } from '../errors.ts'
import { actor } from '../values.ts'

export const callsPath = '/calls'
/** Who calls (tokens.ts), and what proves that this request is his. */
export const tokenHeader = 'x-hall-token'
export const sealHeader = 'x-hall-seal'
/** What is answered where a request came too late to be told from one that was overheard: it was not run. */
export const staleSeal = 'stale'

/** The largest body of a request, in bytes. */
export const farBodyBytesMax = 16 * 1024 * 1024

export type FarCall = { route: Route; context: CallContext; input: unknown }

// What a later release adds is passed over: processes are not all renewed at once.
const wireContext = z.object({
  actor,
  caller: z.string(),
  requestId: z.string(),
  correlation: z.string().optional(),
  traceparent: z.string().optional(),
  /** How long the caller will still wait: clocks of two machines differ, durations do not. */
  remainingMs: z.number(),
  key: z.string().optional(),
  undoesKey: z.string().optional(),
})

// JSON has no `undefined`: a call without an input has no field for it, and is for the operation to refuse.
const wireCall = z.compile(
  z.object({ id: z.number(), path: z.string(), context: wireContext, input: z.unknown().optional() }),
)
const wireCancel = z.compile(z.strictObject({ cancel: z.number() }))

/** A call as the callee reads it. Its deadline is on the callee's own clock. */
export type ArrivedCall = { id: number; path: string; context: Omit<CallContext, 'signal'>; input: unknown }

/** A call as text. Throws `RangeError` where the input is nested so deeply that it cannot be written: no contract takes such a one. */
export function encodeCall(id: number, { route, context, input }: FarCall): string {
  const { actor: who, caller, requestId, correlation, traceparent, deadlineAt, key, undoesKey } = context
  const remainingMs = deadlineAt - Date.now()
  const carried = { actor: who, caller, requestId, correlation, traceparent, remainingMs, key, undoesKey }
  return JSON.stringify({ id, path: route.path, context: carried, input })
}

export const encodeCancel = (id: number): string => `{"cancel":${id}}`

/** What a body holds, or undefined where it is not of this wire. */
export function decodeEntries(body: string): (ArrivedCall | { cancel: number })[] | undefined {
  const sent = parseJson(body)
  if (!Array.isArray(sent)) return undefined
  const now = Date.now()
  const entries: (ArrivedCall | { cancel: number })[] = []
  for (const each of sent as unknown[]) {
    const call = wireCall.safeParse(each)
    if (call.success) {
      entries.push(arrived(call.data, now))
      continue
    }
    const cancel = wireCancel.safeParse(each)
    if (!cancel.success) return undefined
    entries.push(cancel.data)
  }
  return entries
}

function arrived({ id, path, context, input }: z.output<typeof wireCall>, now: number): ArrivedCall {
  const { actor: who, caller, requestId, correlation, traceparent, remainingMs, key, undoesKey } = context
  const deadlineAt = now + remainingMs
  return {
    id,
    path,
    context: { actor: who, caller, requestId, correlation, traceparent, deadlineAt, key, undoesKey },
    input,
  }
}

export const encodeOutcome = (id: number, outcome: Outcome): string =>
  `${id} ${JSON.stringify(outcome.ok ? { value: outcome.value } : { failure: outcome.failure })}\n`

const failureSchema = z.strictObject({
  code: z.string(),
  reason: z.string(),
  message: z.string(),
  retryAfterMs: z.number().optional(),
})

/** A line of an answer, without its end. Throws where it is none. */
export function decodeOutcome(line: string): { id: number; outcome: Outcome } {
  const space = line.indexOf(' ')
  const answer = JSON.parse(line.slice(space + 1)) as { value?: unknown; failure?: unknown }
  const id = Number(line.slice(0, space))
  if (answer.failure === undefined) return { id, outcome: { ok: true, value: answer.value } }
  const failure = failureSchema.parse(answer.failure)
  return { id, outcome: { ok: false, failure: { ...failure, code: failure.code as ErrorCode } as never } }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
