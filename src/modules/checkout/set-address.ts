import type { CommandCtx } from '#platform/calls/context'
import type { Address } from '#platform/values'
import { assertOpen, type CartRef, keyOf } from './cart.ts'
import { changedMeanwhile } from './errors.ts'
import { cartHead, updateAddress } from './queries.ts'

type SetAddress = CartRef & { address: Address }

/** A shipping method that does not serve the new country counts as not chosen from here on, which the quote finds. */
export async function setAddress(ctx: CommandCtx, { address, ...ref }: SetAddress): Promise<{ cartId: string }> {
  const { cartId } = ref
  const key = keyOf(ctx, ref)
  const [cart] = await updateAddress(ctx.tx).execute({ ...key, address: JSON.stringify(address), now: ctx.now() })
  if (cart) return cart
  const [head] = await cartHead(ctx.tx).execute(key)
  assertOpen(cartId, head)
  throw changedMeanwhile(cartId)
}
