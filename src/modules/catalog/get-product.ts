import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import type { contract } from './contract.ts'
import { unknownProduct } from './errors.ts'
import { productById, productBySku } from './queries.ts'

type Operation = (typeof contract)['operations']['get']

/** One statement: the hottest question of the hall. */
export async function getProduct(ctx: QueryCtx, input: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const [product] = await ('id' in input ? productById(ctx.db).execute(input) : productBySku(ctx.db).execute(input))
  if (product === undefined) throw unknownProduct('id' in input ? input.id : `with the SKU ${input.sku}`)
  return product
}
