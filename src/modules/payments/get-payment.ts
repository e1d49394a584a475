import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { unknownPayment } from './errors.ts'
import { paymentWithEntries } from './ledger-queries.ts'

type Operation = (typeof contract)['operations']['get']

/** A payment with what is booked of it, oldest entry first. */
export async function getPayment(ctx: QueryCtx, { reference }: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const rows = await paymentWithEntries(ctx.db).execute({ reference })
  const [payment] = rows
  if (payment === undefined) throw unknownPayment(reference)
  const { id, state, amountMinor, currency, capturedMinor, refundedMinor } = payment
  const entries = rows.flatMap(({ account, entryMinor, at, day }) =>
    account === null || entryMinor === null || at === null || day === null
      ? []
      : [{ account, amountMinor: entryMinor, at, day }],
  )
  return {
    id,
    reference: payment.reference,
    state,
    amount: { amountMinor, currency },
    capturedMinor,
    refundedMinor,
    entries,
  }
}
