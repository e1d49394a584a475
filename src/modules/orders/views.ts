import type { AnswerOf } from '#platform/contract'
import type { contract } from './contract.ts'
import type { ordersBefore } from './queries.ts'

type SummaryRow = Awaited<ReturnType<typeof ordersBefore>>[number]
export type OrderView = AnswerOf<(typeof contract)['operations']['get']>
export type OrderSummary = AnswerOf<(typeof contract)['operations']['list']>['items'][number]

/** What may be told of an order in a list. */
export const summaryOf = (row: SummaryRow): OrderSummary => ({
  id: row.id,
  number: row.number,
  state: row.state,
  total: { amountMinor: row.grossMinor, currency: row.currency },
  lineCount: row.lineCount,
  country: row.country,
  customer: row.customer,
  externalInvoice: row.externalInvoice,
  orderedAt: row.orderedAt,
})
