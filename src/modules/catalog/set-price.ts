import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { unknownSku } from './errors.ts'
import { updatePrice } from './queries.ts'

type Operation = (typeof contract)['operations']['setPrice']

/** Carts show the new price from now on; what was ordered keeps its own. */
export async function setPrice(ctx: CommandCtx, { sku, price }: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const [row] = await updatePrice(ctx.tx).execute({ sku, ...price })
  if (row === undefined) throw unknownSku(sku)
  const { title, amountMinor, currency, stocked } = row
  return { sku: row.sku, title, price: { amountMinor, currency }, stocked }
}
