/**
 * Authorises an amount on a card.
 *
 * The attempt is written down before the provider is asked, under a key of ours, so that a lost answer can be asked for
 * again. Where the saga is undone, that same question is asked until its outcome is definite, and an authorisation is
 * voided under a key derived from the first: however often this is repeated, the provider sees at most one of each.
 *
 * A reference that has its payment already gets that payment's outcome, without asking the provider; a saga that
 * joined a payment in this way takes it back only if its caller, having had the answer, asks for that.
 */
import type { LocalCtx, ModuleTypes, SagaCtx } from '#platform/calls/context'
import type { InputOf } from '#platform/contract'
import { inProgress } from '#platform/errors'
import { sagaOf, type SagaState } from '#platform/saga/saga'
import { saysNothing } from './ask-provider.ts'
import type { contract } from './contract.ts'
import { askingProvider, providerRefused, referenceUsed } from './errors.ts'
import { paymentAuthorised, paymentDeclined, paymentVoided } from './events.ts'
import { entriesOf } from './ledger.ts'
import { book } from './ledger-queries.ts'
import { repeatOf, voidAttemptId } from './payment-state.ts'
import { type Attempt, type Outcome, type PaymentProvider, ProviderRefused } from './provider.ts'
import {
  claimForVoid,
  closeVoided,
  insertVoidAttempt,
  openPayment,
  paymentWithAttempt,
  resolveAttemptRow,
  settleAuthorisation,
} from './queries.ts'

type Input = InputOf<(typeof contract)['operations']['authorise']>
/** `joined` is the outcome of a payment that the reference had already. */
type Opened = { paymentId: string; attemptId: string; joined: Outcome | null }
type Results = { open: Opened; ask: Outcome; book: { version: number | null } }
type State = SagaState<Input, Results>
type Question = { attempt: Attempt; joined: Outcome | null }
/** What the provider knows in the end: `outcome` is null where it refused, and so has nothing. */
type TakenBack = { outcome: Outcome | null; voided: Outcome | null }
type Claimed = { claimed: boolean }

export const authorisePayment = (provider: PaymentProvider) => {
  const { define, local, step } = sagaOf<ModuleTypes, Input, Results>()
  return define({
    steps: [
      local('open', { do: open, undo: closeTakenBack }),
      step('ask', {
        request: questionOf,
        do: async (ctx, { attempt, joined }) =>
          joined ?? askingProvider(provider.submit(attempt, { signal: ctx.signal })),
        undo: (ctx, question, state) => takeBack({ ctx, provider }, question, state),
      }),
      local('book', { do: bookOutcome, undo: claim }),
    ],
    answer: ({ done: { open: opened, ask: outcome } }) => ({
      paymentId: opened.paymentId,
      status: outcome.status === 'succeeded' ? ('authorised' as const) : ('declined' as const),
      declineReason: outcome.status === 'declined' ? outcome.declineReason : null,
    }),
  })
}

async function open(ctx: LocalCtx, { input }: State): Promise<Opened> {
  const { reference, amount, source } = input
  const ids = { paymentId: ctx.newId('pay'), attemptId: ctx.newId('att') }
  const at = ctx.now()
  const opened = await openPayment(ctx.tx).execute({ ...ids, ...amount, reference, source, at, day: dayOf(input, at) })
  if (opened.length > 0) return { ...ids, joined: null }
  const [known] = await paymentWithAttempt(ctx.tx).execute({ reference, kind: 'authorise' })
  const repeat = known ? repeatOf(known, { ...amount, source }) : 'wait'
  if (known === undefined || repeat === 'wait') throw inProgress()
  if (repeat === 'refuse') throw referenceUsed(reference)
  return { paymentId: known.paymentId, attemptId: known.attemptId, joined: repeat }
}

function questionOf({ input, done }: State): Question {
  const { attemptId: key, joined } = done.open
  return { attempt: { key, kind: 'authorise', ...input.amount, source: input.source }, joined }
}

/** The day for which it is booked. */
const dayOf = ({ valueDay }: Input, at: string): string => valueDay ?? at.slice(0, 'YYYY-MM-DD'.length)

async function bookOutcome(ctx: LocalCtx, { input, done }: State): Promise<Results['book']> {
  const { open: opened, ask: outcome } = done
  const { paymentId, attemptId } = opened
  if (opened.joined) return { version: null }
  const authorised = outcome.status === 'succeeded'
  const { amountMinor, currency } = input.amount
  const at = ctx.now()
  const [settled] = await settleAuthorisation(ctx.tx).execute({
    paymentId,
    attemptId,
    state: authorised ? 'authorised' : 'declined',
    authorisedMinor: authorised ? amountMinor : 0,
    ...rowOf(outcome),
    entries: JSON.stringify(authorised ? entriesOf('authorise', amountMinor) : []),
    at,
    day: dayOf(input, at),
  })
  if (settled === undefined) throw new Error(`The payment ${paymentId} was settled by somebody else.`)
  const fact = { paymentId, version: settled.version, reference: input.reference, amountMinor, currency }
  ctx.announce(authorised ? paymentAuthorised : paymentDeclined, fact)
  return settled
}

/** The first to be undone: from here on no capture can begin. A payment whose capture has begun is left alone. */
async function claim(ctx: LocalCtx, { done }: State): Promise<Claimed> {
  const claimed = await claimForVoid(ctx.tx).execute({ paymentId: done.open.paymentId })
  return { claimed: claimed.length > 0 }
}

/** Whether the payment is this saga's to take back: it opened it and never booked it, or has just claimed it. */
const isOurs = (state: State): boolean =>
  state.has('book') ? (state.undone.book as Claimed | undefined)?.claimed === true : state.done.open.joined === null

type Asking = { ctx: SagaCtx; provider: PaymentProvider }

async function takeBack({ ctx, provider }: Asking, { attempt }: Question, state: State): Promise<TakenBack | null> {
  if (!isOurs(state)) return null
  const { signal } = ctx
  // Submitting again, and not asking: what was merely slow could still arrive, and then finds its outcome decided.
  const outcome = state.has('ask')
    ? state.done.ask
    : await askingProvider(unlessRefused(provider.submit(attempt, { signal })))
  if (outcome?.status !== 'succeeded') return { outcome, voided: null }
  const voided = await askingProvider(provider.submit(voidOf(attempt, outcome), { signal }))
  if (voided.status !== 'succeeded') throw providerRefused(`void ${voided.declineReason}`)
  return { outcome, voided }
}

const voidOf = ({ key, amountMinor, currency }: Attempt, { providerId }: Outcome): Attempt => ({
  key: voidAttemptId(key),
  kind: 'void',
  amountMinor,
  currency,
  authorisation: providerId,
})

const unlessRefused = (submitted: Promise<Outcome>): Promise<Outcome | null> =>
  submitted.catch((error: unknown) => {
    // Closed for a proxy's page, what the provider has would stay on hold, and nobody would know.
    if (error instanceof ProviderRefused && !saysNothing(error)) return null
    throw error
  })

/** The last to be undone: books what the provider has in the end, also where the authorisation was never booked. */
async function closeTakenBack(ctx: LocalCtx, state: State): Promise<Claimed> {
  if (!isOurs(state)) return { claimed: false }
  const { paymentId, attemptId } = state.done.open
  const { amountMinor, currency } = state.input.amount
  const { outcome, voided } = (state.undone.ask as TakenBack | null | undefined) ?? { outcome: null, voided: null }
  const booked = state.has('book')
  const at = ctx.now()
  const [[closed]] = await Promise.all([
    closeVoided(ctx.tx).execute({
      paymentId,
      voidedMinor: voided ? amountMinor : 0,
      providerId: outcome?.providerId ?? null,
      announced: booked ? 1 : 0,
    }),
    booked ? undefined : recordOutcome(ctx, attemptId, outcome),
    voided && !booked
      ? book(ctx.tx, {
          kind: 'authorise',
          attemptId,
          paymentId,
          amountMinor,
          currency,
          at,
          day: dayOf(state.input, at),
        })
      : undefined,
    voided && outcome ? bookVoid(ctx, state, { outcome, voided }) : undefined,
  ])
  if (closed === undefined) throw new Error(`The payment ${paymentId} was settled by somebody else.`)
  if (booked) {
    const fact = { paymentId, version: closed.version, reference: state.input.reference, amountMinor, currency }
    ctx.announce(paymentVoided, fact)
  }
  return { claimed: true }
}

async function bookVoid(
  ctx: LocalCtx,
  { input, done }: State,
  { outcome, voided }: { outcome: Outcome; voided: Outcome },
): Promise<void> {
  const { paymentId, attemptId } = done.open
  const at = ctx.now()
  const ofVoid = { paymentId, attemptId: voidAttemptId(attemptId), ...input.amount, at, day: dayOf(input, at) }
  await Promise.all([
    insertVoidAttempt(ctx.tx).execute({
      ...ofVoid,
      authorisation: outcome.providerId,
      providerId: voided.providerId,
    }),
    book(ctx.tx, { kind: 'void', ...ofVoid }),
  ])
}

async function recordOutcome(ctx: LocalCtx, attemptId: string, outcome: Outcome | null): Promise<void> {
  await resolveAttemptRow(ctx.tx).execute({ attemptId, ...rowOf(outcome), at: ctx.now() })
}

/** What an attempt's row says of its outcome; null is a refusal: definite, and nothing at the provider. */
const rowOf = (outcome: Outcome | null) => ({
  status: outcome?.status ?? 'refused',
  providerId: outcome?.providerId ?? null,
  declineReason: outcome?.status === 'declined' ? outcome.declineReason : null,
})
