import type { QueryCtx } from '#platform/calls/context'
import type { AnswerOf } from '#platform/contract'
import { type CartRef, keyOf } from './cart.ts'
import type { Checkout } from './calls.ts'
import type { contract } from './contract.ts'
import { unknownCart } from './errors.ts'
import { cartWithLines } from './queries.ts'
import type { BarredLine } from './price-lines.ts'
import { quoteCartShown, type QuotedLine } from './quote-cart.ts'

type CartView = AnswerOf<(typeof contract)['operations']['getCart']>

export async function getCart(ctx: QueryCtx<Checkout>, ref: CartRef): Promise<CartView> {
  const { cartId } = ref
  const [cart] = await cartWithLines(ctx.db).execute(keyOf(ctx, ref))
  if (!cart) throw unknownCart(cartId)
  const { lines, barred, shipping, grossMinor, taxMinor } = await quoteCartShown(ctx.calls, cart)
  const shown = new Map([...lines, ...barred.map(uncounted)].map((line) => [line.lineId, line]))
  const { state, currency, address, heldUntil, orderId } = cart
  return {
    cartId,
    state,
    currency,
    address,
    orderId,
    lines: cart.lines.map(({ lineId }) => lineViewOf(shown.get(lineId)!, currency)),
    shipping: shipping && { method: shipping.method, name: shipping.name, grossMinor: shipping.grossMinor },
    heldUntil,
    total: { amountMinor: grossMinor, currency },
    taxMinor,
  }
}

type Shown = Pick<QuotedLine, 'lineId' | 'sku' | 'name' | 'quantity' | 'unitPriceMinor' | 'grossMinor'> &
  Partial<Pick<BarredLine, 'problem'>>

const uncounted = (line: BarredLine): Shown => ({ ...line, grossMinor: 0 })

const lineViewOf = (line: Shown, currency: string): CartView['lines'][number] => ({
  lineId: line.lineId,
  sku: line.sku,
  name: line.name,
  quantity: line.quantity,
  unitPrice: { amountMinor: line.unitPriceMinor, currency },
  grossMinor: line.grossMinor,
  ...(line.problem && { problem: line.problem }),
})
