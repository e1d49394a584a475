/**
 * Keeping a cart's stock for a while. A hold ends by itself, so that one whose cart does not know of it harms nobody for long.
 * Where two holds of a cart are at work at once, the later one is in force: inventory replaces what a reference holds.
 */
import type { LocalCtx, SagaCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { sagaOf } from '#platform/saga/saga'
import type { Checkout } from './calls.ts'
import { assertOpen, keyOf } from './cart.ts'
import type { contract } from './contract.ts'
import { cartEmpty, changedMeanwhile } from './errors.ts'
import { assertForSale, skusOf } from './price-lines.ts'
import { cartHead, cartWithLines, updateHold } from './queries.ts'

/** How long a cart's stock is kept. */
const holdMinutes = 15

type Hold = (typeof contract)['operations']['hold']
type Input = InputOf<Hold>
/** The reference is the cart's own id, or that of the cart whose hold it took over. Without lines there is a hold to end. */
type Wanted = { reference: string; lines: { sku: string; quantity: number }[] }
type Results = {
  lookUp: Wanted | null
  keep: { expiresAt: string } | null
  remember: null
}

const { ask, step, local, define } = sagaOf<Checkout, Input, Results>()

export const hold = define<AnswerOf<Hold>>({
  steps: [
    ask('lookUp', { request: ({ input }) => input, do: lookUp }),
    step('keep', {
      request: ({ done }) => done.lookUp,
      do: async ({ calls }, wanted) => {
        if (wanted === null) return null
        if (wanted.lines.length > 0) return calls.inventory.hold.mutate({ ...wanted, minutes: holdMinutes })
        await calls.inventory.endHold.mutate({ reference: wanted.reference })
        return null
      },
      undo: async ({ calls }, wanted) => wanted && calls.inventory.endHold.mutate({ reference: wanted.reference }),
    }),
    local('remember', { do: (ctx, { input, done }) => remember(ctx, input, done) }),
  ],
  answer: ({ input: { cartId }, done }) => ({ cartId, expiresAt: done.keep?.expiresAt ?? null }),
})

/** What is in the cart now, as far as stock is kept of it. */
async function lookUp(ctx: SagaCtx<Checkout>, input: Input): Promise<Wanted | null> {
  const { cartId } = input
  const [cart] = await cartWithLines(ctx.db).execute(keyOf(ctx, input))
  assertOpen(cartId, cart)
  if (cart.lines.length === 0) throw cartEmpty(cartId)
  const { variants } = await ctx.calls.catalog.variants.query({ skus: skusOf(cart.lines) })
  const known = assertForSale(cart.lines, variants)
  const lines = cart.lines.flatMap(({ sku, quantity }) => (known.get(sku)!.stocked ? [{ sku, quantity }] : []))
  return lines.length === 0 && cart.holdReference === null ? null : { reference: cart.holdReference ?? cartId, lines }
}

/** A cart that is being bought meanwhile, or was merged, has no use for the hold: refused here, it is ended. */
async function remember(ctx: LocalCtx, input: Input, { lookUp: wanted, keep }: Results): Promise<null> {
  if (wanted === null) return null
  const key = keyOf(ctx, input)
  const until = keep?.expiresAt ?? null
  const reference = keep && wanted.reference
  const [cart] = await updateHold(ctx.tx).execute({ ...key, reference, until, now: ctx.now() })
  if (cart) return null
  const [head] = await cartHead(ctx.tx).execute(key)
  assertOpen(input.cartId, head)
  throw changedMeanwhile(input.cartId)
}
