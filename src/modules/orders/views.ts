import type { AnswerOf } from '#platform/contract'
import type { contract } from './contract.ts'
import type { orders } from './schema.ts'

export type OrderView = AnswerOf<(typeof contract)['operations']['get']>
export type OrderSummary = AnswerOf<(typeof contract)['operations']['list']>['items'][number]

type Told = Exclude<keyof OrderSummary, 'total'> | 'grossMinor' | 'currency'
type SummaryRow = Pick<typeof orders.$inferSelect, Told>

/** What may be told of an order in a list. */
export const summaryOf = (row: SummaryRow): OrderSummary => ({
  id: row.id,
  number: row.number,
  state: row.state,
  total: { amountMinor: row.grossMinor, currency: row.currency },
  capturedMinor: row.capturedMinor,
  refundedMinor: row.refundedMinor,
  lineCount: row.lineCount,
  country: row.country,
  customer: row.customer,
  externalInvoice: row.externalInvoice,
  orderedAt: row.orderedAt,
})
