/** What becomes of a guest's cart whose guest signs in. Pure. */
import { cartLinesMax } from './cart.ts'

export type MergeableCart = {
  id: string
  token: string
  tokenBefore: string | null
  customer: string | null
  state: 'open' | 'completing' | 'completed' | 'merged'
  lineCount: number
}

export type MergeDecision =
  | { kind: 'unknown' | 'closed' | 'too many' }
  /** An earlier call has done it, or it always was the customer's: this is the cart. */
  | { kind: 'done' | 'hand over'; cart: MergeableCart }
  | { kind: 'join'; into: MergeableCart }

/** `carts` are the cart asked for, and the one that its lines went or would go to: the customer's. */
export function decideMerge(
  carts: readonly MergeableCart[],
  { cartId, token, customer }: { cartId: string; token: string; customer: string },
): MergeDecision {
  const cart = carts.find(({ id }) => id === cartId)
  if (!cart || (cart.token !== token && cart.tokenBefore !== token)) return { kind: 'unknown' }
  // A cart that is another customer's by now is not there for this one, whatever token is shown.
  if (cart.customer !== null && cart.customer !== customer) return { kind: 'unknown' }
  const other = carts.find(({ id }) => id !== cartId)
  if (cart.state === 'merged') return { kind: 'done', cart: other! }
  if (cart.tokenBefore === token) return { kind: 'done', cart }
  if (cart.state !== 'open') return { kind: 'closed' }
  if (cart.customer === customer) return { kind: 'done', cart }
  // The customer's own may have been claimed by a purchase while we waited for it.
  if (other?.state !== 'open') return { kind: 'hand over', cart }
  if (cart.lineCount + other.lineCount > cartLinesMax) return { kind: 'too many' }
  return { kind: 'join', into: other }
}
