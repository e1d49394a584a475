import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { lockProduct, saveProduct } from './changes.ts'
import type { contract } from './contract.ts'
import { unknownCategory, unknownProduct } from './errors.ts'
import { productChanged } from './events.ts'
import { sortedOnce } from './product-view.ts'

type Operation = (typeof contract)['operations']['updateProduct']
type Change = InputOf<Operation> & Partial<InputOf<(typeof contract)['operations']['setStatus']>>

/** Also publishes, where the change says so. */
export async function updateProduct(ctx: CommandCtx, { code, ...change }: Change): Promise<AnswerOf<Operation>> {
  const [product] = await lockProduct(ctx.tx).execute({ code, categories: change.categories ?? [] })
  if (product === undefined) throw unknownProduct(`with the code ${code}`)
  if (product.unknown.length > 0) throw unknownCategory(product.unknown)
  const { view } = product
  const { name = view.name, description = view.description, status = view.status } = change
  const categories = sortedOnce(change.categories ?? view.categories)
  const updated = { ...view, name, description, status, categories }
  const [saved] = await saveProduct(ctx.tx).execute({ ...updated, view: JSON.stringify(updated) })
  if (saved !== undefined) ctx.announce(productChanged, saved)
  return updated
}
