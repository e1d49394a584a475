/**
 * Asks the provider about attempts without a result and records what it says. Only the attempt's row is written: booking
 * is the saga's business, which asks with the same key, and so gets the same outcome, whenever it is resumed.
 */
import type { JobCtx } from '#platform/calls/context'
import type { Schedule } from '#platform/events/job'
import { type PaymentProvider, ProviderUnavailable } from './provider.ts'
import { claimDueAttempts, resolveAttemptRow } from './queries.ts'

const attemptsMax = 100
const everyMs = 10_000

/** What the job `payments.resolveAttempt` does. */
export const resolveOneAttempt =
  (provider: PaymentProvider) =>
  async (ctx: JobCtx, { attemptId }: { attemptId: string }): Promise<void> => {
    await resolve({ ctx, provider }, attemptId)
  }

/** The sweep. Its counts: `asked` about, `resolved` now, and `unavailable` 1 where the provider stopped answering. */
export const resolveAttempts = (provider: PaymentProvider): Schedule => ({
  name: 'resolve attempts',
  everyMs,
  async run(ctx: JobCtx) {
    const due = await ctx.transaction(({ tx }) => claimDueAttempts(tx).execute({ limit: attemptsMax }))
    const counts = { asked: 0, resolved: 0, unavailable: 0 }
    for (const { id } of due) {
      counts.asked += 1
      try {
        if (await resolve({ ctx, provider }, id)) counts.resolved += 1
      } catch (error) {
        if (!(error instanceof ProviderUnavailable)) throw error
        // The rest would wait for their time-outs one after the other; they are due again in a minute.
        counts.unavailable = 1
        break
      }
    }
    return counts
  },
})

type Asking = { ctx: JobCtx; provider: PaymentProvider }

/** Whether the attempt has its result now, and had none before. */
async function resolve({ ctx, provider }: Asking, attemptId: string): Promise<boolean> {
  const outcome = await provider.find(attemptId, { signal: ctx.signal })
  // Unknown there: it has not arrived yet. The saga that opened it submits it, or closes it.
  if (outcome === 'unknown' || outcome === 'pending') return false
  const resolved = await ctx.transaction(({ tx }) =>
    resolveAttemptRow(tx).execute({
      attemptId,
      status: outcome.status,
      providerId: outcome.providerId,
      declineReason: outcome.status === 'declined' ? outcome.declineReason : null,
      at: ctx.now(),
    }),
  )
  return resolved.length > 0
}
