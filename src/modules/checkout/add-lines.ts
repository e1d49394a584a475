/**
 * Adding lines: the catalog is asked first, because a transaction makes no calls; then one statement adds all of them,
 * or refuses.
 */
import type { LocalCtx, SagaCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { sagaOf } from '#platform/saga/saga'
import { holds } from '#platform/values'
import { cartLinesMax, assertOpen } from './cart.ts'
import type { Checkout } from './calls.ts'
import type { contract } from './contract.ts'
import { changedMeanwhile, priceNotAllowed, tooManyLines, unknownSku, wrongCurrency } from './errors.ts'
import { skusOf } from './price-lines.ts'
import { cartHead, insertLines } from './queries.ts'

type AddLines = (typeof contract)['operations']['addLines']
type Input = InputOf<AddLines>
type Lines = Input['lines']
type Results = {
  /** The one currency that all prices of the new lines are in. */
  lookUp: { currency: string }
  insert: { lineIds: string[]; lineCount: number }
}

const { ask, local, define } = sagaOf<Checkout, Input, Results>()

export const addLines = define<AnswerOf<AddLines>>({
  steps: [
    ask('lookUp', { request: ({ input }) => input.lines, do: lookUp }),
    local('insert', { do: (ctx, { input, done }) => insert(ctx, input, done.lookUp.currency) }),
  ],
  answer: ({ input, done }) => ({ cartId: input.cartId, ...done.insert }),
})

async function lookUp(ctx: SagaCtx<Checkout>, lines: Lines): Promise<Results['lookUp']> {
  if (lines.some((line) => line.unitPrice) && !holds(ctx.actor, 'orders:price')) throw priceNotAllowed()
  const { variants } = await ctx.calls.catalog.variants.query({ skus: skusOf(lines) })
  const listPrices = new Map(variants.map(({ sku, price }) => [sku, price]))
  const unknown = skusOf(lines).filter((sku) => !listPrices.has(sku))
  if (unknown.length > 0) throw unknownSku(unknown)
  const currencies = new Set(lines.map(({ sku, unitPrice }) => (unitPrice ?? listPrices.get(sku)!).currency))
  const [currency, another] = currencies
  // Whether it is the cart's own currency is decided by the statement that adds the lines.
  if (currency === undefined || another !== undefined) throw wrongCurrency('Every price')
  return { currency }
}

async function insert(ctx: LocalCtx, input: Input, currency: string): Promise<Results['insert']> {
  const { cartId, token } = input
  const lines = input.lines.map(({ sku, quantity, unitPrice }, index) => ({
    position: index + 1,
    lineId: ctx.newId('lin'),
    sku,
    quantity,
    unitPriceMinor: unitPrice?.amountMinor ?? null,
  }))
  const added = lines.length
  const [cart] = await insertLines(ctx.tx).execute({ cartId, token, currency, added, lines: JSON.stringify(lines) })
  if (cart) return { lineIds: lines.map(({ lineId }) => lineId), lineCount: cart.lineCount }
  const [head] = await cartHead(ctx.tx).execute({ cartId, token })
  assertOpen(cartId, head)
  if (head.currency !== currency) throw wrongCurrency('Every price')
  if (head.lineCount + added > cartLinesMax) throw tooManyLines(cartLinesMax)
  throw changedMeanwhile(cartId)
}
