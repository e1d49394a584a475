/** What the sandbox decides, and how it misbehaves on demand: values in, values out. */
import { createHash } from 'node:crypto'
import { Refusal, type AttemptBody, type Charge, type RecordedAttempt, type WebhookEvent } from './wire.ts'

/** Decides a new attempt. `charge` is the authorisation that any other kind names. Throws a Refusal. */
export function decide(key: string, body: AttemptBody, charge: Charge | undefined): RecordedAttempt {
  if (body.kind === 'authorise') return authorised(key, body)
  if (charge?.status !== 'succeeded') {
    throw new Refusal(422, 'unknown_authorisation', `There is no authorisation ${body.authorisation} to ${body.kind}.`)
  }
  if (charge.currency !== body.currency) {
    throw new Refusal(422, 'currency_mismatch', `The authorisation is in ${charge.currency}, not ${body.currency}.`)
  }
  const remainingMinor =
    body.kind === 'refund'
      ? charge.capturedMinor - charge.refundedMinor
      : charge.amountMinor - charge.capturedMinor - charge.voidedMinor
  if (body.amountMinor > remainingMinor) {
    const whole = body.kind === 'refund' ? 'capture' : 'authorisation'
    throw new Refusal(422, `${body.kind}_exceeds_${whole}`, `Of the ${whole} only ${remainingMinor} remain.`)
  }
  const declined = charge.source === `card_decline_${body.kind}`
  return {
    key,
    ...body,
    source: null,
    status: declined ? 'declined' : 'succeeded',
    providerId: idOf(idPrefixes[body.kind], key),
    declineReason: declined ? declineReasons[body.kind] : null,
  }
}

const idPrefixes = { capture: 'cap', void: 'void', refund: 'ref' }
const declineReasons = { capture: 'authorisation_expired', void: 'authorisation_expired', refund: 'card_closed' }

function authorised(key: string, body: AttemptBody & { kind: 'authorise' }): RecordedAttempt {
  if (!body.source.startsWith('card_')) {
    throw new Refusal(422, 'unknown_source', 'A source is a card token and starts with card_.')
  }
  const declined = body.source === 'card_declined'
  return {
    key,
    ...body,
    authorisation: null,
    status: declined ? 'declined' : 'succeeded',
    providerId: idOf('auth', key),
    declineReason: declined ? 'insufficient_funds' : null,
  }
}

/** Whether `body` asks for what was recorded under its key. */
export function isSameAttempt(recorded: RecordedAttempt, body: AttemptBody): boolean {
  return (
    recorded.kind === body.kind &&
    recorded.amountMinor === body.amountMinor &&
    recorded.currency === body.currency &&
    recorded.source === ('source' in body ? body.source : null) &&
    recorded.authorisation === ('authorisation' in body ? body.authorisation : null)
  )
}

export function eventOf(attempt: RecordedAttempt): WebhookEvent {
  const { key, providerId, amountMinor, currency } = attempt
  return { id: idOf('evt', key), type: `${attempt.kind}.${attempt.status}`, key, providerId, amountMinor, currency }
}

// Ids derive from the key, so that two halls in lockstep, each with its own sandbox, hold equal rows.
function idOf(prefix: string, key: string): string {
  return `${prefix}_${createHash('sha256').update(key).digest('hex').slice(0, 24)}`
}

/** How the first answer to an attempt goes wrong. `once` names what makes the repeat go right where nothing is recorded. */
export type Fault =
  | { type: 'none' }
  | { type: 'slow'; delayMs: number }
  | { type: 'hang_after_commit' }
  | { type: 'hang_before_commit' | 'fail_before_commit'; once: string }

const delayMsMax = 60_000

export function faultOf(attempt: RecordedAttempt, charge: Charge | undefined): Fault {
  return charge ? laterFault(attempt, charge) : authoriseFault(attempt)
}

function authoriseFault({ source, key }: RecordedAttempt): Fault {
  const delayMs = /^card_slow_(\d{1,6})$/.exec(source ?? '')?.[1]
  if (delayMs !== undefined) return { type: 'slow', delayMs: Math.min(Number(delayMs), delayMsMax) }
  if (source === 'card_hang') return { type: 'hang_after_commit' }
  if (source === 'card_hang_before') return { type: 'hang_before_commit', once: `authorise ${key}` }
  return { type: 'none' }
}

/** `card_hang_…` and `card_fail_…_once` name the kind whose first attempt goes wrong. */
function laterFault({ kind }: RecordedAttempt, charge: Charge): Fault {
  const isFirst = (kind === 'refund' ? charge.refundedMinor : charge.capturedMinor) === 0
  if (kind === 'void' || !isFirst) return { type: 'none' }
  if (charge.source === `card_hang_${kind}`) return { type: 'hang_after_commit' }
  if (charge.source === `card_fail_${kind}_once`) return { type: 'fail_before_commit', once: `${kind} ${charge.key}` }
  return { type: 'none' }
}

/**
 * When each copy of an attempt's webhook is due. The copies of an authorisation start later than those of a capture, and
 * the last come late, so that a capture made promptly is announced both before and after its authorisation.
 */
export function webhookDelaysMs(attempt: RecordedAttempt, charge: Charge | undefined): readonly number[] {
  if ((charge ?? attempt).source !== 'card_duplicate_webhooks') return [0]
  return attempt.kind === 'authorise' ? [100, 200, 400] : [0, 50, 300]
}
