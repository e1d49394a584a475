import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from '../contract.ts'
import { listedDifferences, openDifferences, progress } from './queries.ts'

type Operation = (typeof contract)['operations']['reconciliation']

const limitDefault = 100

/** What is under way is no difference yet, and not told. */
export async function listDifferences(
  ctx: QueryCtx,
  { resolved = false, limit = limitDefault }: InputOf<Operation>,
): Promise<AnswerOf<Operation>> {
  const [rows, [counted], [begun]] = await Promise.all([
    listedDifferences(ctx.db).execute({ resolved, limit }),
    openDifferences(ctx.db).execute(),
    progress(ctx.db).execute(),
  ])
  const { compared = 0, upToDateAt = null, problem = null } = begun ?? {}
  return { compared, upToDateAt, problem, open: counted?.open ?? 0, differences: rows.map(viewOf) }
}

type Listed = Awaited<ReturnType<ReturnType<typeof listedDifferences>['execute']>>[number]

const viewOf = ({ ours, theirs, ...row }: Listed) => ({
  ...row,
  ours: ours && { ...sideOf(ours), bookedMinor: ours.bookedMinor },
  theirs: theirs && sideOf(theirs),
})

type Side = { kind: string; status: string | null; amountMinor: number; currency: string; providerId: string | null }

const sideOf = ({ kind, status, amountMinor, currency, providerId }: Side): Side => ({
  kind,
  status,
  amountMinor,
  currency,
  providerId,
})
