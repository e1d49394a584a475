import type { CommandCtx } from '#platform/calls/context'
import type { Answered } from './ask-provider.ts'
import { paymentCaptured, paymentRefunded, paymentRefused, paymentVoided } from './events.ts'
import { entriesOf } from './ledger.ts'
import { settleAttempts } from './request-queries.ts'

/** A capture, void or refund whose outcome is awaited, as its row says. */
export type OpenAttempt = { id: string; kind: 'capture' | 'void' | 'refund'; amountMinor: number }

const events = { capture: paymentCaptured, void: paymentVoided, refund: paymentRefunded }

/**
 * Books what the provider said, and announces it. What is booked already stays as it is, so whoever has an
 * answer, a job or the sweep, may book it. Returns how many were booked now.
 */
export async function bookOutcomes(ctx: CommandCtx, answered: readonly Answered<OpenAttempt>[]): Promise<number> {
  if (answered.length === 0) return 0
  const settled = await settleAttempts(ctx.tx).execute({
    outcomes: JSON.stringify(
      answered.map(({ attempt: { id }, answer }) => ({
        id,
        status: answer.status,
        provider_id: answer.providerId,
        decline_reason: answer.status === 'succeeded' ? null : answer.declineReason,
      })),
    ),
    entries: JSON.stringify(
      answered.flatMap(({ attempt: { id, kind, amountMinor }, answer: { status } }) =>
        status !== 'succeeded'
          ? []
          : entriesOf(kind, amountMinor).map((entry) => ({
              attempt_id: id,
              account: entry.account,
              amount_minor: entry.amountMinor,
            })),
      ),
    ),
    at: ctx.now(),
  })
  for (const { id, kind, status, ...told } of settled) {
    if (status === 'succeeded') {
      ctx.announce(events[kind], told)
      continue
    }
    // Nobody can decide here what to do about it: goods may have left, or a customer wait for the money.
    ctx.log.error({ attempt: id, status, ...told }, `the payment provider did not do a ${kind}`)
    ctx.announce(paymentRefused, { ...told, kind })
  }
  return settled.length
}
