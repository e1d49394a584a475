/**
 * What the saga does in checkout's own tables. A cart is claimed by one saga at a time: two who buy it at once are told
 * apart by one conditional update.
 */
import type { LocalCtx } from '#platform/calls/context'
import { assertOpen, type CartRef, keyOf } from './cart.ts'
import { cartChanged } from './errors.ts'
import { cartHead, claimOpenCart, closeClaimedCart, unclaimCart } from './queries.ts'

/** Claims the cart as it was when it was quoted. */
export async function claimCart(ctx: LocalCtx, ref: CartRef, version: number): Promise<null> {
  const key = keyOf(ctx, ref)
  const [claimed] = await claimOpenCart(ctx.tx).execute({ ...key, version, sagaId: ctx.sagaId })
  if (claimed) return null
  const [head] = await cartHead(ctx.tx).execute(key)
  assertOpen(ref.cartId, head)
  throw cartChanged(ref.cartId)
}

/** Opens the cart again, as though nothing had happened. */
export async function giveCartBack(ctx: LocalCtx, { cartId }: CartRef): Promise<null> {
  await unclaimCart(ctx.tx).execute({ cartId, sagaId: ctx.sagaId })
  return null
}

/** Closes the cart for good: it has become an order. */
export async function closeCart(ctx: LocalCtx, { cartId }: CartRef, orderId: string): Promise<null> {
  const [closed] = await closeClaimedCart(ctx.tx).execute({ cartId, sagaId: ctx.sagaId, orderId })
  if (!closed) throw new Error(`Cart ${cartId} is not claimed by ${ctx.sagaId}, which has bought it.`)
  return null
}
