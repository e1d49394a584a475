import type { CommandCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { customerOf } from './cart.ts'
import type { contract } from './contract.ts'
import { insertCart } from './queries.ts'

type CreateCart = (typeof contract)['operations']['createCart']

export async function createCart(
  ctx: CommandCtx,
  { currency, address }: InputOf<CreateCart>,
): Promise<AnswerOf<CreateCart>> {
  const cart = { cartId: ctx.newId('crt'), token: ctx.newId('tok') }
  await insertCart(ctx.tx).execute({
    ...cart,
    customer: customerOf(ctx.actor),
    currency,
    address: address ? JSON.stringify(address) : null,
    now: ctx.now(),
  })
  return cart
}
