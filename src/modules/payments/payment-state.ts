/**
 * The states of a payment, and what they and its amounts allow.
 *
 *     authorising ─→ authorised ─→ captured ─→ refunded     all captured; all of that given back
 *          │  └────→ declined │└─→ voided                   by a cancellation: nothing captured
 *          └──────→ voided ←─ voiding ←┘                    by the checkout's undo: from authorised and untouched only
 *
 * Amounts decide. What is asked of the provider is a claim first (`capturing`, `voiding`, `refunding`), taken by one
 * conditional statement: captured + capturing + voided + voiding ≤ authorised, refunded + refunding ≤ captured. So a
 * capture and a void never meet, and a payment stays `authorised` as long as any of it can still be captured.
 *
 * `voiding` is the checkout's own claim on a payment that nothing has touched; from there on nothing else can begin.
 */
import type { Outcome } from './provider.ts'

export type PaymentState = 'authorising' | 'authorised' | 'declined' | 'captured' | 'refunded' | 'voiding' | 'voided'

/** What an authorisation under a reference is about. */
export type Content = { amountMinor: number; currency: string; source: string | null }

export type KnownPayment = Content & {
  state: PaymentState
  providerId: string | null
  declineReason: string | null
}

/**
 * What an authorisation finds whose reference has a payment already: the outcome of the same request, `wait` while that
 * is not decided, or `refuse` for another request, and for a payment that was taken back.
 */
export function repeatOf(known: KnownPayment, asked: Content): Outcome | 'wait' | 'refuse' {
  const { state, providerId, declineReason } = known
  const same =
    known.amountMinor === asked.amountMinor && known.currency === asked.currency && known.source === asked.source
  if (!same || state === 'voiding' || state === 'voided') return 'refuse'
  if (state === 'authorising' || providerId === null) return 'wait'
  if (state === 'declined') return { status: 'declined', providerId, declineReason: declineReason ?? '' }
  return { status: 'succeeded', providerId }
}

/** The provider's key of the void of an authorisation: derived, so that a repeat after a crash is the same attempt. */
export const voidAttemptId = (authoriseAttemptId: string): string => `${authoriseAttemptId}:void`

/** The id of what a job asks for: derived from the request's name, so that it is done once, for ever. */
export const requestedId = (kind: 'capture' | 'refund' | 'void' | 'cancel', request: string): string =>
  `${kind}:${request}`

export type Amounts = {
  state: PaymentState
  currency: string
  authorisedMinor: number
  capturedMinor: number
  voidedMinor: number
  refundedMinor: number
  capturingMinor: number
  voidingMinor: number
  refundingMinor: number
}

/** Why a capture or refund could not begin; `wait` where that may change by itself. */
export function obstacleTo(
  asked: { kind: 'capture' | 'refund'; amountMinor: number; currency: string },
  payment: Amounts | undefined,
): 'wait' | 'unknown_payment' | 'other_currency' | 'too_much' {
  if (payment === undefined) return 'unknown_payment'
  if (payment.currency !== asked.currency) return 'other_currency'
  if (payment.state === 'authorising') return 'wait'
  // What is under way may fail, and then leave room; or a capture succeed, and then be there to give back. And what fits
  // by now did not a moment ago.
  return isBusy(payment) || leftFor(asked.kind, payment) >= asked.amountMinor ? 'wait' : 'too_much'
}

/** Why a cancellation found nothing to take back: `null` where there is indeed nothing. */
export function obstacleToCancel(payment: Amounts | undefined): 'wait' | 'unknown_payment' | null {
  if (payment === undefined) return 'unknown_payment'
  if (payment.state === 'authorising' || isBusy(payment)) return 'wait'
  const isDone = payment.state !== 'authorised' && payment.state !== 'captured'
  return isDone ? null : 'wait'
}

function leftFor(kind: 'capture' | 'refund', payment: Amounts): number {
  const { authorisedMinor, capturedMinor, voidedMinor, refundedMinor } = payment
  if (kind === 'refund') return capturedMinor - refundedMinor - payment.refundingMinor
  if (payment.state !== 'authorised') return 0
  return authorisedMinor - capturedMinor - voidedMinor - payment.capturingMinor - payment.voidingMinor
}

const isBusy = ({ capturingMinor, voidingMinor, refundingMinor }: Amounts): boolean =>
  capturingMinor + voidingMinor + refundingMinor > 0
