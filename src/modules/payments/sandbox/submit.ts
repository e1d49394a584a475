/** Carries out one attempt inside a transaction: the same key always finds the same outcome, whatever became of its answer. */
import { decide, eventOf, faultOf, isSameAttempt, webhookDelaysMs } from './decide.ts'
import type { Store } from './store.ts'
import type { WebhookSender } from './webhooks.ts'
import { Refusal, type AttemptBody, type RecordedAttempt } from './wire.ts'

/** What to do once the transaction is committed. */
export type Reply =
  | { type: 'answer'; attempt: RecordedAttempt; delayMs: number }
  | { type: 'refuse'; refusal: Refusal }
  | { type: 'hang' }

export type Submission = { key: string; body: AttemptBody }

export function submit(parts: { store: Store; webhooks: WebhookSender }, { key, body }: Submission): Reply {
  try {
    return carryOut(parts, { key, body })
  } catch (error) {
    // Refused before anything was written, so the transaction may go on for the others in it.
    if (error instanceof Refusal) return { type: 'refuse', refusal: error }
    throw error
  }
}

function carryOut({ store, webhooks }: { store: Store; webhooks: WebhookSender }, { key, body }: Submission): Reply {
  const recorded = store.attempt(key)
  if (recorded) return answerAgain(recorded, body)
  const charge = body.kind === 'authorise' ? undefined : store.charge(body.authorisation)
  const attempt = decide(key, body, charge)
  const fault = faultOf(attempt, charge)
  if ('once' in fault && store.showFaultOnce(fault.once)) {
    if (fault.type === 'hang_before_commit') return { type: 'hang' }
    return { type: 'refuse', refusal: new Refusal(500, 'internal', 'The sandbox fails once, as the card asked for.') }
  }
  store.record(attempt)
  webhooks.announce(eventOf(attempt), webhookDelaysMs(attempt, charge))
  if (fault.type === 'hang_after_commit') return { type: 'hang' }
  return { type: 'answer', attempt, delayMs: fault.type === 'slow' ? fault.delayMs : 0 }
}

function answerAgain(recorded: RecordedAttempt, body: AttemptBody): Reply {
  if (isSameAttempt(recorded, body)) return { type: 'answer', attempt: recorded, delayMs: 0 }
  throw new Refusal(409, 'key_reused', `The key ${recorded.key} was used for another ${recorded.kind}.`)
}
