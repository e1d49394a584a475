import { BoundedMap } from '#platform/bounded-map'
import type { PaymentProvider } from './provider.ts'

const rememberedMax = 20_000

/** A provider of which this process knows what it is asking and what it was told. */
export type RememberingProvider = PaymentProvider & {
  /**
   * Whether a webhook about the attempt has nothing to tell: its answer is awaited here, or has come and is being booked.
   * Where that fails, whoever asked asks again, and so does the sweep.
   */
  needsNoWebhook(key: string): boolean
}

/** Remembers the latest submits, without those that failed. */
export function rememberAnswers(provider: PaymentProvider): RememberingProvider {
  const remembered = new BoundedMap<string, true>(rememberedMax)
  return {
    ...provider,
    async submit(attempt, options) {
      remembered.set(attempt.key, true)
      try {
        return await provider.submit(attempt, options)
      } catch (error) {
        remembered.delete(attempt.key)
        throw error
      }
    },
    needsNoWebhook: (key) => remembered.get(key) === true,
  }
}
