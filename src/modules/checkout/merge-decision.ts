/** What becomes of a guest's cart whose guest signs in. Pure. */
import { cartLinesMax } from './cart.ts'
import { cartClosed, tooManyLines, unknownCart } from './errors.ts'

export type MergeableCart = {
  id: string
  token: string
  tokenBefore: string | null
  customer: string | null
  state: 'open' | 'completing' | 'completed' | 'merged'
  lineCount: number
}

/** What is to be done, and the cart that is the customer's then. */
export type MergeDecision = {
  /** Nothing, since an earlier call has done it or it always was the customer's; or the cart or its lines change hands. */
  kind: 'nothing' | 'hand over' | 'join'
  into: MergeableCart
}

/** `carts` are the cart asked for, and the one that its lines went or would go to: the customer's. Throws where it is refused. */
export function decideMerge(
  carts: readonly MergeableCart[],
  { cartId, token, customer }: { cartId: string; token: string; customer: string },
): MergeDecision {
  const cart = carts.find(({ id }) => id === cartId)
  if (!cart || (cart.token !== token && cart.tokenBefore !== token)) throw unknownCart(cartId)
  // A cart that is another customer's by now is not there for this one, whatever token is shown.
  if (cart.customer !== null && cart.customer !== customer) throw unknownCart(cartId)
  const other = carts.find(({ id }) => id !== cartId)
  if (cart.state === 'merged') return { kind: 'nothing', into: other! }
  if (cart.tokenBefore === token) return { kind: 'nothing', into: cart }
  if (cart.state !== 'open') throw cartClosed(cartId)
  if (cart.customer === customer) return { kind: 'nothing', into: cart }
  // The customer's own may have been claimed by a purchase while we waited for it.
  if (other?.state !== 'open') return { kind: 'hand over', into: cart }
  if (cart.lineCount + other.lineCount > cartLinesMax) throw tooManyLines(cartLinesMax)
  return { kind: 'join', into: other }
}
