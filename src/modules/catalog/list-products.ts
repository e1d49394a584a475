import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { categoryBySlug } from './category-queries.ts'
import type { contract } from './contract.ts'
import { unknownCategory } from './errors.ts'
import { limitDefault, pageOfRows, positionOf } from './page.ts'
import { productsAfter, productsOfCategoryAfter } from './queries.ts'

type Operation = (typeof contract)['operations']['list']

export async function listProducts(ctx: QueryCtx, input: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const { category, limit = limitDefault } = input
  const wanted = { position: positionOf(input.cursor), limit: limit + 1 }
  const found = await (category === undefined
    ? productsAfter(ctx.db).execute(wanted)
    : productsOfCategoryAfter(ctx.db).execute({ ...wanted, category }))
  if (found.length === 0) await refuseUnknownCategory(ctx, category)
  return pageOfRows(found, limit, ({ position }) => String(position))
}

/** Asked only where nothing was found: what holds a product is there. */
export async function refuseUnknownCategory({ db }: QueryCtx, category: string | undefined): Promise<void> {
  if (category === undefined) return
  const [known] = await categoryBySlug(db).execute({ slug: category })
  if (known === undefined) throw unknownCategory([category])
}
