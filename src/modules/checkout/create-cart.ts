import type { CommandCtx } from '#platform/calls/context'
import type { InputOf } from '#platform/contract'
import type { CartRef } from './cart.ts'
import type { contract } from './contract.ts'
import { insertCart } from './queries.ts'

type CreateCart = InputOf<(typeof contract)['operations']['createCart']>

export async function createCart(ctx: CommandCtx, { currency, address }: CreateCart): Promise<CartRef> {
  const cart = { cartId: ctx.newId('crt'), token: ctx.newId('tok') }
  const row = { ...cart, currency, address: address ? JSON.stringify(address) : null, openedAt: ctx.now() }
  await insertCart(ctx.tx).execute(row)
  return cart
}
