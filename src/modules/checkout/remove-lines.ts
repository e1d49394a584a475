import type { CommandCtx } from '#platform/calls/context'
import { assertOpen, type CartRef } from './cart.ts'
import { changedMeanwhile } from './errors.ts'
import { cartHead, deleteLines } from './queries.ts'

type RemoveLines = CartRef & { lineIds: string[] }

export async function removeLines(ctx: CommandCtx, { cartId, token, lineIds }: RemoveLines) {
  const [cart] = await deleteLines(ctx.tx).execute({ cartId, token, lineIds })
  if (cart) return { cartId, lineCount: cart.lineCount }
  const [head] = await cartHead(ctx.tx).execute({ cartId, token })
  assertOpen(cartId, head)
  throw changedMeanwhile(cartId)
}
