/**
 * Captures an authorised payment in full.
 *
 * Claiming the payment is the pivot: from there on it only goes forward, and an unknown outcome is asked for again with
 * the same key. A second capture joins the first: it asks with that one's key, and whichever comes first books.
 */
import type { LocalCtx, ModuleTypes } from '#platform/calls/context'
import type { InputOf } from '#platform/contract'
import { sagaOf, type SagaState } from '#platform/saga/saga'
import type { contract } from './contract.ts'
import { askingProvider, notAuthorised, providerRefused } from './errors.ts'
import { paymentCaptured } from './events.ts'
import { book } from './ledger-queries.ts'
import type { Attempt, Outcome, PaymentProvider } from './provider.ts'
import { openCapture, paymentWithAttempt, resolveAttemptRow, settleCapture } from './queries.ts'

type Input = InputOf<(typeof contract)['operations']['capture']>
type Opened = {
  paymentId: string
  attemptId: string
  amountMinor: number
  currency: string
  authorisation: string
  /** Whether it was captured before: there is nothing left to do. */
  captured: boolean
}
type Results = { open: Opened; ask: Outcome | null; book: { version: number | null } }
type State = SagaState<Input, Results>

export const capturePayment = (provider: PaymentProvider) => {
  const { define, local, localPivot, step } = sagaOf<ModuleTypes, Input, Results>()
  return define({
    steps: [
      localPivot('open', { do: open }),
      step('ask', {
        request: questionOf,
        do: async (ctx, attempt) => {
          if (attempt === null) return null
          const outcome = await askingProvider(provider.submit(attempt, { signal: ctx.signal }))
          if (outcome.status !== 'succeeded') throw providerRefused(`capture ${outcome.declineReason}`)
          return outcome
        },
      }),
      local('book', { do: bookCapture }),
    ],
    // Nothing is captured before it is booked: who asks meanwhile is told to ask again.
    answer: ({ done: { open: opened, book: _booked } }) => ({
      paymentId: opened.paymentId,
      captured: { amountMinor: opened.amountMinor, currency: opened.currency },
    }),
  })
}

async function open(ctx: LocalCtx, { input: { reference } }: State): Promise<Opened> {
  const attemptId = ctx.newId('att')
  const [opened] = await openCapture(ctx.tx).execute({ reference, attemptId, at: ctx.now() })
  if (opened) return { ...opened, authorisation: opened.authorisation ?? '', captured: false }
  const [known] = await paymentWithAttempt(ctx.tx).execute({ reference, kind: 'capture' })
  if (known === undefined) throw notAuthorised(reference)
  const { paymentId, amountMinor, currency, authorisation, state } = known
  return {
    paymentId,
    attemptId: known.attemptId,
    amountMinor,
    currency,
    authorisation: authorisation ?? '',
    captured: state === 'captured',
  }
}

function questionOf({ done }: State): Attempt | null {
  const { attemptId: key, amountMinor, currency, authorisation, captured } = done.open
  return captured ? null : { key, kind: 'capture', amountMinor, currency, authorisation }
}

async function bookCapture(ctx: LocalCtx, { input, done }: State): Promise<Results['book']> {
  const { open: opened, ask: outcome } = done
  if (outcome === null) return { version: null }
  const { paymentId, attemptId, amountMinor, currency } = opened
  const at = ctx.now()
  const [[settled]] = await Promise.all([
    settleCapture(ctx.tx).execute({ paymentId, amountMinor }),
    resolveAttemptRow(ctx.tx).execute({
      attemptId,
      status: outcome.status,
      providerId: outcome.providerId,
      declineReason: null,
      at,
    }),
    book(ctx.tx, { kind: 'capture', attemptId, paymentId, amountMinor, currency, at }),
  ])
  if (settled === undefined) return { version: null }
  const { reference } = input
  ctx.announce(paymentCaptured, { paymentId, version: settled.version, reference, amountMinor, currency })
  return settled
}
