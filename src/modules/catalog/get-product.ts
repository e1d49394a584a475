import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { holds } from '#platform/values'
import type { contract } from './contract.ts'
import { unknownProduct } from './errors.ts'
import { productById, productBySku } from './queries.ts'

type Operation = (typeof contract)['operations']['get']

/** A draft is unknown to whoever may not read the catalog's inside. */
export async function getProduct(ctx: QueryCtx, input: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const asked = { ...input, drafts: holds(ctx.actor, 'catalog:read') }
  const [product] = await ('id' in asked ? productById(ctx.db).execute(asked) : productBySku(ctx.db).execute(asked))
  if (product === undefined) throw unknownProduct('id' in input ? input.id : `with the SKU ${input.sku}`)
  return product.view
}
