import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { lockProductOfSku, savePrice } from './changes.ts'
import type { contract } from './contract.ts'
import { tooManyPrices, unknownSku } from './errors.ts'
import { productChanged } from './events.ts'
import { withPrice } from './product-view.ts'

type Operation = (typeof contract)['operations']['setPrice']

/** As many as an import may give: the first one and 20 more. */
const pricesMax = 21

/** Carts show the new price from now on; what was ordered keeps its own. */
export async function setPrice(ctx: CommandCtx, { sku, price }: InputOf<Operation>): Promise<AnswerOf<Operation>> {
  const [product] = await lockProductOfSku(ctx.tx).execute({ sku })
  if (product === undefined) throw unknownSku(sku)
  const view = withPrice(product.view, sku, price)
  const variant = view.variants.find((each) => each.sku === sku)
  if (variant === undefined) throw new Error(`The view of ${view.code} lacks its variant ${sku}.`)
  if (variant.prices.length > pricesMax) throw tooManyPrices(sku, pricesMax)
  const [saved] = await savePrice(ctx.tx).execute({ id: view.id, sku, ...price, view: JSON.stringify(view) })
  if (saved !== undefined) ctx.announce(productChanged, saved)
  return variant
}
