/**
 * A guest who signs in takes the cart along. Both carts are locked, in the order of their ids, before anything is decided:
 * whoever adds to, buys or merges one of them meanwhile comes before or after, and the statements of those who come after
 * find the cart as it is then. Carts are made a customer's one at a time, so that two at once are not both the first.
 *
 * The token that the guest had opens neither the customer's cart nor a cart that became one; it tells a repeated call.
 */
import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { customerOf } from './cart.ts'
import type { contract } from './contract.ts'
import { notACustomer } from './errors.ts'
import { decideMerge } from './merge-decision.ts'
import { handCartOver, joinCarts, lockCartsToMerge, lockCustomer } from './merge-queries.ts'

type Merge = (typeof contract)['operations']['merge']

export async function mergeCart(ctx: CommandCtx, { cartId, token }: InputOf<Merge>): Promise<AnswerOf<Merge>> {
  const customer = customerOf(ctx.actor)
  if (customer === null) throw notACustomer()
  await lockCustomer(ctx.tx).execute({ customer })
  const carts = await lockCartsToMerge(ctx.tx).execute({ cartId, customer })
  const { kind, into } = decideMerge(carts, { cartId, token, customer })
  const now = ctx.now()
  if (kind === 'hand over') await handCartOver(ctx.tx).execute({ cartId, customer, token: ctx.newId('tok'), now })
  if (kind !== 'join') return { cartId: into.id, lineCount: into.lineCount }
  const [joined] = await joinCarts(ctx.tx).execute({ cartId, into: into.id, customer, now })
  return { cartId: into.id, lineCount: joined!.lineCount }
}
