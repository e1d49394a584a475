/**
 * The figures. What is behind is asked before they are read: what was announced by then is in them where it says 0. The
 * other way round, an order applied in between would be missing from figures that call themselves complete.
 */
import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { assertRange } from './day-range.ts'
import { countriesSold, daysSold, productsSold } from './queries.ts'

type Operations = (typeof contract)['operations']

const productsDefault = 100

export async function sales(
  ctx: QueryCtx,
  range: InputOf<Operations['sales']>,
): Promise<AnswerOf<Operations['sales']>> {
  assertRange(range)
  const behind = await ctx.behind('orders')
  const byDay = await daysSold(ctx.db).execute(range)
  return {
    orders: byDay.reduce((sum, { orders }) => sum + orders, 0),
    grossMinor: byDay.reduce((sum, { grossMinor }) => sum + grossMinor, 0),
    refundedMinor: byDay.reduce((sum, { refundedMinor }) => sum + refundedMinor, 0),
    byDay,
    behind,
  }
}

export async function products(
  ctx: QueryCtx,
  { limit = productsDefault, ...range }: InputOf<Operations['products']>,
): Promise<AnswerOf<Operations['products']>> {
  assertRange(range)
  const behind = await ctx.behind('orders')
  return { products: await productsSold(ctx.db).execute({ ...range, limit }), behind }
}

export async function countries(
  ctx: QueryCtx,
  range: InputOf<Operations['countries']>,
): Promise<AnswerOf<Operations['countries']>> {
  assertRange(range)
  const behind = await ctx.behind('orders')
  return { countries: await countriesSold(ctx.db).execute(range), behind }
}
