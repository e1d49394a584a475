import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { byCurrency } from './product-view.ts'
import { variantsBySku } from './queries.ts'

type Operation = (typeof contract)['operations']['variants']

/** In the order of their SKU, each once, however often it was asked for. */
export async function listVariants(ctx: QueryCtx, { skus }: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const rows = await variantsBySku(ctx.db).execute({ skus })
  return {
    variants: rows.map(({ sku, name, amountMinor, currency, further, stocked, published }) => ({
      sku,
      name,
      prices: byCurrency([{ amountMinor, currency }, ...(further ?? [])]),
      stocked,
      published,
    })),
  }
}
