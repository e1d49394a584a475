import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { daysIn } from './day-range.ts'
import { badRange } from './errors.ts'
import { daysSold } from './queries.ts'

type Sales = typeof contract.operations.sales

const daysMax = 3660

export async function sales(ctx: QueryCtx, { from, to, currency }: InputOf<Sales>): Promise<AnswerOf<Sales>> {
  const days = daysIn(from, to)
  if (days < 1 || days > daysMax) throw badRange(from, to)
  // Asked before the figures are read: what was announced by now is in them where this says 0. The other way round,
  // an order applied in between would be missing from figures that call themselves complete.
  const behind = await ctx.behind('orders')
  const byDay = await daysSold(ctx.db).execute({ from, to, currency })
  return {
    orders: byDay.reduce((sum, { orders }) => sum + orders, 0),
    grossMinor: byDay.reduce((sum, { grossMinor }) => sum + grossMinor, 0),
    byDay,
    behind,
  }
}
