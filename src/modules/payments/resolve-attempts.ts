/**
 * Asks the provider about attempts without a result and records what it says.
 *
 * Of an authorisation only the attempt's row is written: booking it is its saga's business, which asks with the same key,
 * and so gets the same outcome, whenever it is resumed. Captures, voids and refunds that a job asked for only go forward:
 * they are submitted again, whether or not they have arrived, and booked; so none of them needs its job to come again.
 */
import type { JobCtx } from '#platform/calls/context'
import type { Schedule } from '#platform/events/job'
import { type Answer, askAll, submitForward } from './ask-provider.ts'
import { bookOutcomes, type OpenAttempt } from './book-outcomes.ts'
import { type PaymentProvider, ProviderRefused, ProviderUnavailable } from './provider.ts'
import { attemptInQuestion, claimDueAttempts, resolveAttemptRow } from './queries.ts'

const attemptsMax = 100
const everyMs = 10_000

type Questioned = Awaited<ReturnType<ReturnType<typeof claimDueAttempts>['execute']>>[number]

/** What the job `payments.resolveAttempt` does. */
export const resolveOneAttempt =
  (provider: PaymentProvider) =>
  async (ctx: JobCtx, { attemptId }: { attemptId: string }): Promise<void> => {
    const { problem } = await resolve({ ctx, provider }, await attemptInQuestion(ctx.db).execute({ attemptId }))
    if (problem) throw problem
  }

/** The sweep. Its counts: `asked` about, `resolved` now, and `unavailable` 1 where the provider stopped answering. */
export const resolveAttempts = (provider: PaymentProvider): Schedule => ({
  name: 'resolve attempts',
  everyMs,
  async run(ctx: JobCtx) {
    const due = await ctx.transaction(({ tx }) => claimDueAttempts(tx).execute({ limit: attemptsMax }))
    // What is not answered is due again in a minute.
    const { resolved, problem } = await resolve({ ctx, provider }, due)
    return { asked: due.length, resolved, unavailable: problem ? 1 : 0 }
  },
})

type Asking = { ctx: JobCtx; provider: PaymentProvider }

/** How many have their result now, and had none before. */
async function resolve({ ctx, provider }: Asking, questioned: readonly Questioned[]) {
  const { answered, problem } = await askAll(questioned, (attempt) => answerTo({ ctx, provider }, attempt))
  if (answered.length === 0) return { resolved: 0, problem }
  const resolved = await ctx.transaction(async (inside) => {
    const toBook = answered.flatMap(({ attempt, answer }) => (isRequested(attempt) ? [{ attempt, answer }] : []))
    let count = await bookOutcomes(inside, toBook)
    for (const { attempt, answer } of answered.filter((each) => !isRequested(each.attempt))) {
      const { status, providerId } = answer
      const declineReason = answer.status === 'succeeded' ? null : answer.declineReason
      const outcome = { attemptId: attempt.id, status, providerId, declineReason, at: ctx.now() }
      count += (await resolveAttemptRow(inside.tx).execute(outcome)).length
    }
    return count
  })
  return { resolved, problem }
}

/** Whether a job asked for it, and not a saga. */
const isRequested = (attempt: Questioned): attempt is Questioned & OpenAttempt => attempt.request !== null

async function answerTo({ ctx, provider }: Asking, attempt: Questioned): Promise<Answer | undefined> {
  const { id: key, amountMinor, currency, authorisation } = attempt
  const { signal } = ctx
  if (isRequested(attempt)) {
    const { kind } = attempt
    return submitForward(provider, { key, kind, amountMinor, currency, authorisation: authorisation ?? '' }, { signal })
  }
  const outcome = await provider.find(key, { signal }).catch((error: unknown) => {
    if (!(error instanceof ProviderRefused)) throw error
    throw new ProviderUnavailable(error.message, { cause: error })
  })
  // Unknown there: it has not arrived yet. The saga that opened it submits it, or closes it.
  return outcome === 'unknown' || outcome === 'pending' ? undefined : outcome
}
