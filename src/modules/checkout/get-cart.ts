import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf } from '#platform/contract'
import type { CartRef } from './cart.ts'
import type { Checkout } from './calls.ts'
import type { contract } from './contract.ts'
import { unknownCart } from './errors.ts'
import { cartWithLines } from './queries.ts'
import { quoteCart, type QuotedLine } from './quote-cart.ts'

type CartView = AnswerOf<(typeof contract)['operations']['getCart']>

export async function getCart(ctx: QueryCtx<Checkout>, { cartId, token }: CartRef): Promise<CartView> {
  const [cart] = await cartWithLines(ctx.db).execute({ cartId, token })
  if (!cart) throw unknownCart(cartId)
  const { lines, grossMinor, taxMinor } = await quoteCart(ctx.calls, cart)
  const { state, currency, address, orderId } = cart
  return {
    cartId,
    state,
    currency,
    address,
    orderId,
    lines: lines.map((line) => lineViewOf(line, currency)),
    total: { amountMinor: grossMinor, currency },
    taxMinor,
  }
}

const lineViewOf = (line: QuotedLine, currency: string): CartView['lines'][number] => ({
  lineId: line.lineId,
  sku: line.sku,
  name: line.name,
  quantity: line.quantity,
  unitPrice: { amountMinor: line.unitPriceMinor, currency },
  grossMinor: line.grossMinor,
})
