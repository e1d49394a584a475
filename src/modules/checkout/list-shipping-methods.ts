import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf } from '#platform/contract'
import type { Checkout } from './calls.ts'
import { type CartRef, keyOf } from './cart.ts'
import type { contract } from './contract.ts'
import { addressMissing, unknownCart } from './errors.ts'
import { skusOf } from './price-lines.ts'
import { cartWithLines } from './queries.ts'

type Answer = AnswerOf<(typeof contract)['operations']['shippingMethods']>

export async function listShippingMethods(ctx: QueryCtx<Checkout>, ref: CartRef): Promise<Answer> {
  const [cart] = await cartWithLines(ctx.db).execute(keyOf(ctx, ref))
  if (!cart) throw unknownCart(ref.cartId)
  const { address, currency, lines } = cart
  if (!address) throw addressMissing(ref.cartId)
  if (lines.length === 0) return { methods: [] }
  const [{ variants }, { methods }] = await Promise.all([
    ctx.calls.catalog.variants.query({ skus: skusOf(lines) }),
    ctx.calls.fulfilment.methods.query({ country: address.country, currency }),
  ])
  return { methods: variants.some(({ stocked }) => stocked) ? methods : [] }
}
