/** Why payments refuses, and how the provider's troubles become reasons. */
import { DomainError } from '#platform/errors'
import { ProviderRefused, ProviderUnavailable } from './provider.ts'

export const providerUnavailable = (details?: Record<string, unknown>) =>
  new DomainError(
    'payments.provider_unavailable',
    'SERVICE_UNAVAILABLE',
    'The payment provider does not answer at the moment. Try again later.',
    { retryAfterMs: 2000, ...(details === undefined ? {} : { details }) },
  )

export const providerRefused = (code: string) =>
  new DomainError(
    'payments.provider_refused',
    'UNPROCESSABLE_CONTENT',
    `The payment provider refused the request (${code}).`,
  )

export const referenceUsed = (reference: string) =>
  new DomainError(
    'payments.reference_used',
    'CONFLICT',
    `The reference ${reference} has a payment already: another one, or one that was taken back. Use a new reference.`,
  )

export const badSignature = () =>
  new DomainError('payments.bad_signature', 'UNAUTHORIZED', 'The signature does not fit the body.')

export const badWebhook = () =>
  new DomainError('payments.bad_webhook', 'BAD_REQUEST', 'The body is no event of the payment provider.')

export const unknownPayment = (reference: string) =>
  new DomainError('payments.unknown_payment', 'NOT_FOUND', `There is no payment for ${reference}.`)

export const unknownDifference = (id: string) =>
  new DomainError('payments.unknown_difference', 'NOT_FOUND', `There is no difference ${id} that is open.`)

/**
 * Asks the provider. A lost answer leaves the outcome unknown; a refusal is definite, and left nothing there, unless it is
 * none of the provider's own.
 */
export async function askingProvider<Answer>(ask: Promise<Answer>): Promise<Answer> {
  try {
    return await ask
  } catch (error) {
    if (error instanceof ProviderRefused && error.code !== 'unnamed') throw providerRefused(error.code)
    if (error instanceof ProviderUnavailable || error instanceof ProviderRefused) {
      throw providerUnavailable({ problem: error.message, cause: error.cause })
    }
    throw error
  }
}
