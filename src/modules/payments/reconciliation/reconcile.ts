/**
 * Compares our books with the provider's, a piece at a time.
 *
 * The provider's are read on from where the last run ended, each page in one transaction with the cursor and all that it
 * showed, so that a restart neither skips nor repeats one. Where they end, what we have and they have not shown is asked for
 * by its key. What differs may be under way: it is looked at again after a grace, and counts, and is told, if it differs still.
 *
 * Nothing is booked here, and nothing asked of the provider but what it has: money moves elsewhere, or by a person.
 */
import type { CommandCtx, JobCtx } from '#platform/calls/context'
import type { Schedule } from '#platform/events/job'
import {
  type BooksPage,
  type Outcome,
  type PaymentProvider,
  ProviderRefused,
  ProviderUnavailable,
  type Transaction,
} from '../provider.ts'
import { type DifferenceKind, differenceOf, type Ours } from './compare.ts'
import {
  beginAnew,
  claimDueDifferences,
  countDifferences,
  endDifferences,
  markReconciled,
  moveOn,
  noteProblem,
  oursByKey,
  progress,
  recordDifferences,
  unseenAttempts,
} from './queries.ts'

const everyMs = 30_000
const pageMax = 500
const pagesMax = 50
/** A slow provider holds up the module's other background work for so long, and the page that is being read. */
const readingMsMax = 5_000
const lookedAgainMax = 100
const unseenMax = 50

type Asking = { ctx: JobCtx; provider: PaymentProvider }
/** What the provider says of an attempt of ours, or of what it has besides. */
type Said = {
  /** The difference's, if it is one. */
  id: string
  key: string | null
  theirs: Transaction | null
  /** Where its books have not shown it: what it says when it is asked for it by its key, null where it has none. */
  outcome?: Outcome | null
}
type Differing = Said & { ours: Ours | undefined; kind: DifferenceKind }

/**
 * The schedule. Its counts: transactions `compared`, differences `found` and `resolved` now, and `unavailable` 1 where the
 * provider's books could not be read.
 */
export const reconcile = (provider: PaymentProvider): Schedule => ({
  name: 'reconcile with the provider',
  everyMs,
  async run(ctx: JobCtx) {
    const asking = { ctx, provider }
    const counts = { compared: 0, unavailable: 0 }
    try {
      const isAtEnd = await readOn(asking, counts)
      if (isAtEnd) await seekUnseen(asking)
    } catch (error) {
      if (!(error instanceof ProviderUnavailable || error instanceof ProviderRefused)) throw error
      counts.unavailable = 1
      // A process that stops has hung up itself.
      if (!ctx.signal.aborted) await note(ctx, error)
    }
    return { ...counts, ...(await lookAgain(asking)) }
  },
})

/** Reads on for a while, counting what was compared; answers whether to the end. */
async function readOn({ ctx, provider }: Asking, counts: { compared: number }): Promise<boolean> {
  const endsAt = performance.now() + readingMsMax
  const [begun] = await progress(ctx.db).execute()
  let after = begun?.cursor ?? ''
  for (let pages = 0; pages < pagesMax && performance.now() < endsAt && !ctx.signal.aborted; pages += 1) {
    const page = await pageAfter({ ctx, provider }, after)
    if (page === 'unknown') {
      ctx.log.warn({ after }, "the payment provider's books are others than before; they are read from their beginning")
      await ctx.transaction(({ tx }) => beginAnew(tx).execute({ after }))
      after = ''
      continue
    }
    const from = after
    await ctx.transaction((inside) => comparePage(inside, from, page))
    counts.compared += page.transactions.length
    if (!page.more) return true
    after = page.next
  }
  return false
}

async function note(ctx: JobCtx, error: ProviderUnavailable | ProviderRefused): Promise<void> {
  const [isNew] = await ctx.transaction(({ tx }) => noteProblem(tx).execute({ problem: error.message }))
  if (isNew) ctx.log.warn({ err: error }, "the payment provider's books cannot be read")
}

/** `unknown`: these books do not have that point. */
async function pageAfter({ ctx, provider }: Asking, after: string): Promise<BooksPage | 'unknown'> {
  try {
    return await provider.books({ after, limit: pageMax }, { signal: ctx.signal })
  } catch (error) {
    if (error instanceof ProviderRefused && error.code === 'unknown_cursor' && after !== '') return 'unknown'
    throw error
  }
}

async function comparePage(ctx: CommandCtx, after: string, { transactions, next, more }: BooksPage): Promise<void> {
  const at = ctx.now()
  const moved = await moveOn(ctx.tx).execute({
    after,
    next,
    compared: transactions.length,
    upToDateAt: more ? null : at,
  })
  if (moved.length === 0) throw new Error('Another process compares the books as well.')
  const { differing } = await sort(
    ctx,
    transactions.map((theirs) => ({ id: theirs.providerId, key: theirs.key, theirs })),
  )
  await record(ctx, differing)
}

/** Tells what differs from what agrees, and marks that. */
async function sort(ctx: CommandCtx, said: readonly Said[]): Promise<{ differing: Differing[]; agreeing: Said[] }> {
  const keys = said.flatMap(({ key }) => key ?? [])
  const known = keys.length === 0 ? [] : await oursByKey(ctx.tx).execute({ keys })
  const oursOf = new Map(known.map((ours) => [ours.id, ours]))
  const differing: Differing[] = []
  const agreeing: Said[] = []
  for (const each of said) {
    const ours = each.key === null ? undefined : oursOf.get(each.key)
    const theirs = each.theirs ?? transactionOf(ours, each.outcome)
    const kind = differenceOf(ours, theirs)
    if (kind === null) agreeing.push(each)
    else differing.push({ ...each, theirs, ours, kind })
  }
  const ids = agreeing.flatMap(({ key }) => key ?? [])
  if (ids.length > 0) await markReconciled(ctx.tx).execute({ ids, at: ctx.now() })
  return { differing, agreeing }
}

/** Asked for by its key, the provider tells the outcome alone: what was asked cannot be another, or it had refused the key. */
function transactionOf(ours: Ours | undefined, outcome: Outcome | null | undefined): Transaction | null {
  if (!ours || !outcome) return null
  const { id: key, kind, amountMinor, currency, authorisation } = ours
  const { providerId, status } = outcome
  return { providerId, key, kind: kind as Transaction['kind'], status, amountMinor, currency, authorisation }
}

async function record(ctx: CommandCtx, differing: readonly Differing[]): Promise<void> {
  if (differing.length === 0) return
  // One statement would not take the same twice, as a page that makes no sense may have it.
  const found = [...new Map(differing.map((each) => [each.id, each])).values()]
  await recordDifferences(ctx.tx).execute({ found: JSON.stringify(found) })
}

/** The provider's books were read to their end: what of ours they have not shown is asked for. */
async function seekUnseen(asking: Asking): Promise<void> {
  const unseen = await unseenAttempts(asking.ctx.db).execute({ limit: unseenMax })
  const said = await ask(asking, unseen)
  if (said.length === 0) return
  await asking.ctx.transaction(async (ctx) => record(ctx, (await sort(ctx, said)).differing))
}

/** Asks for attempts by their keys; what is not decided yet is left out. */
async function ask({ ctx: { signal }, provider }: Asking, attempts: readonly { id: string }[]): Promise<Said[]> {
  const answers = attempts.map(async ({ id }): Promise<Said[]> => {
    const outcome = await provider.find(id, { signal })
    return outcome === 'pending' ? [] : [{ id, key: id, theirs: null, outcome: outcome === 'unknown' ? null : outcome }]
  })
  return (await Promise.all(answers)).flat()
}

/** Looks again at differences whose grace is over, or that count already. */
async function lookAgain(asking: Asking): Promise<{ found: number; resolved: number }> {
  const { ctx } = asking
  const due = await ctx.transaction(({ tx }) => claimDueDifferences(tx).execute({ limit: lookedAgainMax }))
  const shown = due.filter(({ theirs }) => theirs !== null)
  // What was not there is asked for; where nobody answers, it is due again in a minute.
  const missing = await ask(
    asking,
    due.filter(({ theirs }) => theirs === null),
  ).catch(() => [])
  if (shown.length + missing.length === 0) return { found: 0, resolved: 0 }
  const { found, resolved } = await ctx.transaction(async (inside) => {
    const { differing, agreeing } = await sort(inside, [...shown, ...missing])
    const at = inside.now()
    const still = JSON.stringify(differing.map(({ id, kind, ours, theirs }) => ({ id, kind, ours, theirs })))
    return {
      found: differing.length === 0 ? [] : await countDifferences(inside.tx).execute({ still, at }),
      resolved: await endDifferences(inside.tx).execute({ ids: agreeing.map(({ id }) => id), at }),
    }
  })
  for (const each of found) ctx.log.error(each, "the payment provider's books and ours differ")
  for (const each of resolved) ctx.log.info(each, "the payment provider's books and ours agree again")
  return { found: found.length, resolved: resolved.length }
}
