import type { CommandCtx } from '#platform/calls/context'
import type { Address } from '#platform/values'
import { assertOpen, type CartRef } from './cart.ts'
import { changedMeanwhile } from './errors.ts'
import { cartHead, updateAddress } from './queries.ts'

type SetAddress = CartRef & { address: Address }

export async function setAddress(ctx: CommandCtx, { cartId, token, address }: SetAddress): Promise<{ cartId: string }> {
  const [cart] = await updateAddress(ctx.tx).execute({ cartId, token, address: JSON.stringify(address) })
  if (cart) return cart
  const [head] = await cartHead(ctx.tx).execute({ cartId, token })
  assertOpen(cartId, head)
  throw changedMeanwhile(cartId)
}
