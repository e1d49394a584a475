/** Choosing how a cart is sent: fulfilment is asked first, because a transaction makes no calls. */
import type { LocalCtx, SagaCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { sagaOf } from '#platform/saga/saga'
import type { Money } from '#platform/values'
import type { Checkout } from './calls.ts'
import { assertOpen, keyOf } from './cart.ts'
import type { contract } from './contract.ts'
import { addressMissing, changedMeanwhile, unknownShippingMethod } from './errors.ts'
import { cartHead, updateShipping } from './queries.ts'

type SetShipping = (typeof contract)['operations']['setShipping']
type Input = InputOf<SetShipping>
type Results = {
  lookUp: { country: string; price: Money }
  choose: null
}

const { ask, local, define } = sagaOf<Checkout, Input, Results>()

export const setShipping = define<AnswerOf<SetShipping>>({
  steps: [
    ask('lookUp', { request: ({ input }) => input, do: lookUp }),
    local('choose', { do: (ctx, { input, done }) => choose(ctx, input, done.lookUp.country) }),
  ],
  answer: ({ input: { cartId, method }, done }) => ({ cartId, method, price: done.lookUp.price }),
})

async function lookUp(ctx: SagaCtx<Checkout>, input: Input): Promise<Results['lookUp']> {
  const { cartId, method } = input
  const [cart] = await cartHead(ctx.db).execute(keyOf(ctx, input))
  assertOpen(cartId, cart)
  if (!cart.address) throw addressMissing(cartId)
  const { country } = cart.address
  const { methods } = await ctx.calls.fulfilment.methods.query({ country, currency: cart.currency })
  const found = methods.find(({ code }) => code === method)
  if (!found) throw unknownShippingMethod(method)
  return { country, price: found.price }
}

/** Where the address has moved to another country since, that one has not been asked for. */
async function choose(ctx: LocalCtx, { method, ...ref }: Input, country: string): Promise<null> {
  const { cartId } = ref
  const key = keyOf(ctx, ref)
  const [cart] = await updateShipping(ctx.tx).execute({ ...key, method, country, now: ctx.now() })
  if (cart) return null
  const [head] = await cartHead(ctx.tx).execute(key)
  assertOpen(cartId, head)
  throw changedMeanwhile(cartId)
}
