/**
 * The states of a payment.
 *
 *     authorising ─→ authorised ─→ capturing ─→ captured
 *          │  └────→ declined │
 *          └──────→ voided ←─ voiding ←┘ (from authorised only)
 *
 * `capturing` and `voiding` are claims: whoever moves the payment there, by one conditional statement, alone may ask the
 * provider, so that a capture and a void never meet. A claimed capture goes forward, so a void that comes later does nothing.
 */
import type { Outcome } from './provider.ts'

export type PaymentState = 'authorising' | 'authorised' | 'declined' | 'capturing' | 'captured' | 'voiding' | 'voided'

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
