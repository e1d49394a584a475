/**
 * What orders asks for: captures, refunds, cancellations, several together.
 *
 * One transaction claims the amounts and opens the attempts, whose ids are made of the requests' names; then the provider
 * is asked, side by side, with those ids as keys; then one transaction books all that it said. Killed between any two of
 * these, the job comes again and finds its attempts, or the sweep does: the provider sees each once.
 *
 * What can never be done (an unknown payment, more than there is) is written down and logged, and the job ends. What
 * waits for something else, a provider that does not answer or an attempt under way, fails and is tried again.
 */
import type { CommandCtx, JobCtx } from '#platform/calls/context'
import type { JobItem } from '#platform/events/job'
import type { z } from 'zod'
import { askAll, submitForward } from './ask-provider.ts'
import { bookOutcomes, type OpenAttempt } from './book-outcomes.ts'
import type { cancel, capture } from './jobs.ts'
import { obstacleTo, obstacleToCancel, requestedId } from './payment-state.ts'
import type { PaymentProvider } from './provider.ts'
import {
  insertRefusals,
  openAmounts,
  openCancellations,
  paymentsByReference,
  refusedBefore,
} from './request-queries.ts'

type Amount = z.infer<(typeof capture)['payload']>
type Cancellation = z.infer<(typeof cancel)['payload']>
type Found = OpenAttempt & {
  paymentId: string
  request: string
  currency: string
  authorisation: string | null
  status: string | null
}
/** `waiting` counts requests for which it is too early. */
type Opened = { attempts: Found[]; waiting: number }
type Refused = { id: string; reference: string; reason: string; amountMinor?: number | null; currency?: string | null }

/** What the jobs `payments.capture` and `payments.refund` do. */
export const carryOutAmounts =
  (kind: 'capture' | 'refund', provider: PaymentProvider) =>
  async (ctx: JobCtx, items: readonly JobItem<Amount>[]): Promise<void> => {
    const wanted = items.map(({ payload }) => payload)
    const opened = await ctx.transaction((inside) => openInRounds(wanted, (round) => openRound(inside, kind, round)))
    await finish({ ctx, provider }, opened)
  }

/** What the job `payments.cancel` does. */
export const carryOutCancellations =
  (provider: PaymentProvider) =>
  async (ctx: JobCtx, items: readonly JobItem<Cancellation>[]): Promise<void> => {
    const wanted = items.map(({ payload }) => payload)
    const opened = await ctx.transaction((inside) => openInRounds(wanted, (round) => cancelRound(inside, round)))
    await finish({ ctx, provider }, opened)
  }

/** Takes each reference once per round: a statement sees a payment as it was before it. */
async function openInRounds<Wanted extends { reference: string }>(
  wanted: readonly Wanted[],
  open: (round: Wanted[]) => Promise<Opened>,
): Promise<Opened> {
  const attempts = new Map<string, Found>()
  let waiting = 0
  for (let rest = [...wanted]; rest.length > 0;) {
    const round = new Map<string, Wanted>()
    const later: Wanted[] = []
    for (const each of rest) {
      if (round.has(each.reference)) later.push(each)
      else round.set(each.reference, each)
    }
    const opened = await open([...round.values()])
    for (const attempt of opened.attempts) attempts.set(attempt.id, attempt)
    waiting += opened.waiting
    rest = later
  }
  return { attempts: [...attempts.values()], waiting }
}

async function openRound(ctx: CommandCtx, kind: 'capture' | 'refund', round: Amount[]): Promise<Opened> {
  const wanted = round.map((each) => ({ ...each, kind, id: requestedId(kind, each.request) }))
  const rows = wanted.map(({ id, request, reference, amountMinor, currency, valueDay }) => {
    return { id, request, kind, reference, amount_minor: amountMinor, currency, value_day: valueDay }
  })
  const attempts = await openAmounts(ctx.tx).execute({ asked: JSON.stringify(rows), at: ctx.now() })
  const found = new Map(attempts.map((attempt) => [attempt.id, attempt]))
  for (const { id, amountMinor, currency } of wanted) {
    const known = found.get(id)
    if (known && (known.amountMinor !== amountMinor || known.currency !== currency))
      ctx.log.error({ attempt: id, amountMinor, currency }, `a ${kind} was asked for again, but not the same`)
  }
  const missing = wanted.filter(({ id }) => !found.has(id))
  const waiting = await refuseOrWait(ctx, missing, obstacleTo)
  return { attempts, waiting }
}

async function cancelRound(ctx: CommandCtx, round: Cancellation[]): Promise<Opened> {
  const rows = round.map(({ request, reference, valueDay }) => ({
    void_id: requestedId('void', request),
    refund_id: requestedId('refund', request),
    request,
    reference,
    value_day: valueDay,
  }))
  const attempts = await openCancellations(ctx.tx).execute({ asked: JSON.stringify(rows), at: ctx.now() })
  const found = new Set(attempts.map(({ request }) => request))
  const missing = round
    .filter(({ request }) => !found.has(request))
    .map(({ request, reference }) => ({ id: requestedId('cancel', request), reference }))
  const waiting = await refuseOrWait(ctx, missing, (_, payment) => obstacleToCancel(payment))
  return { attempts, waiting }
}

type Payment = Awaited<ReturnType<typeof paymentsByReference>>[number]

/** Of what was not opened: writes down what can never be, and counts what is too early. */
async function refuseOrWait<Wanted extends Omit<Refused, 'reason'>>(
  ctx: CommandCtx,
  missing: readonly Wanted[],
  obstacleOf: (wanted: Wanted, payment: Payment | undefined) => string | null,
): Promise<number> {
  if (missing.length === 0) return 0
  const payments = await paymentsByReference(
    ctx.tx,
    missing.map(({ reference }) => reference),
  )
  const before = await refusedBefore(
    ctx.tx,
    missing.map(({ id }) => id),
  )
  const refused: Refused[] = []
  let waiting = 0
  for (const wanted of missing) {
    if (before.some(({ id }) => id === wanted.id)) continue
    const { id, reference, amountMinor = null, currency = null } = wanted
    const reason = obstacleOf(
      wanted,
      payments.find((payment) => payment.reference === reference),
    )
    if (reason === 'wait') waiting += 1
    else if (reason !== null) refused.push({ id, reference, amountMinor, currency, reason })
  }
  if (refused.length > 0)
    await insertRefusals(
      ctx.tx,
      refused.map((each) => ({ ...each, at: ctx.now() })),
    )
  for (const each of refused) ctx.log.warn(each, 'what was asked of payments cannot be done')
  return waiting
}

async function finish({ ctx, provider }: { ctx: JobCtx; provider: PaymentProvider }, opened: Opened): Promise<void> {
  const open = opened.attempts.filter(({ status }) => status === null)
  const { signal } = ctx
  const { answered, unanswered, problem } = await askAll(open, ({ id: key, authorisation, ...attempt }) => {
    const { kind, amountMinor, currency } = attempt
    return submitForward(provider, { key, kind, amountMinor, currency, authorisation: authorisation ?? '' }, { signal })
  })
  if (answered.length > 0) await ctx.transaction((inside) => bookOutcomes(inside, answered))
  const left = unanswered + opened.waiting
  if (left > 0) throw new Error(`${left} requests are not through yet.`, { cause: problem })
}
