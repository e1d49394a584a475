import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { ledgerByDay } from './ledger-queries.ts'

type Operation = (typeof contract)['operations']['totals']

/** Reads the ledger alone; `payments` counts those whose authorisation is booked in the days given. */
export async function getTotals(
  ctx: QueryCtx,
  { currency, from, to }: InputOf<Operation>,
): Promise<AnswerOf<Operation>> {
  const days = await ledgerByDay(ctx.db).execute({ currency, from: from ?? null, to: to ?? null })
  const sumOf = (name: Exclude<keyof (typeof days)[number], 'day'>) => days.reduce((sum, each) => sum + each[name], 0)
  return {
    // A payment is authorised once, and so on one day.
    payments: sumOf('payments'),
    authorisedMinor: sumOf('authorisedMinor'),
    capturedMinor: sumOf('capturedMinor'),
    voidedMinor: sumOf('voidedMinor'),
    refundedMinor: sumOf('refundedMinor'),
    byDay: days.map(({ day, authorisedMinor, capturedMinor, refundedMinor }) => ({
      day,
      authorisedMinor,
      capturedMinor,
      refundedMinor,
    })),
  }
}
