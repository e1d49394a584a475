import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { ledgerTotals } from './ledger-queries.ts'

type Operation = (typeof contract)['operations']['totals']

/** Reads the ledger alone; `payments` counts those that were authorised in the days given. */
export async function getTotals(
  ctx: QueryCtx,
  { currency, from, to }: InputOf<Operation>,
): Promise<AnswerOf<Operation>> {
  const [totals] = await ledgerTotals(ctx.db).execute({ currency, from: from ?? null, to: to ?? null })
  return totals ?? { payments: 0, authorisedMinor: 0, capturedMinor: 0, voidedMinor: 0 }
}
