import type { QueryCtx } from '#platform/calls/context'
import { ordersOfInvoices } from './queries.ts'
import { summaryOf, type OrderSummary } from './views.ts'

export async function findInvoices(
  ctx: QueryCtx,
  { externalInvoices }: { externalInvoices: string[] },
): Promise<{ orders: OrderSummary[] }> {
  const rows = await ordersOfInvoices(ctx.db).execute({ externalInvoices })
  return { orders: rows.map(summaryOf) }
}
