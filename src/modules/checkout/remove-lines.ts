import type { CommandCtx } from '#platform/calls/context'
import { assertOpen, type CartRef, keyOf } from './cart.ts'
import { changedMeanwhile } from './errors.ts'
import { cartHead, deleteLines } from './queries.ts'

type RemoveLines = CartRef & { lineIds: string[] }

export async function removeLines(ctx: CommandCtx, { lineIds, ...ref }: RemoveLines) {
  const { cartId } = ref
  const key = keyOf(ctx, ref)
  const [cart] = await deleteLines(ctx.tx).execute({ ...key, lineIds, now: ctx.now() })
  if (cart) return { cartId, lineCount: cart.lineCount }
  const [head] = await cartHead(ctx.tx).execute(key)
  assertOpen(cartId, head)
  throw changedMeanwhile(cartId)
}
