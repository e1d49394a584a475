/**
 * Adding lines: the catalog is asked first, because a transaction makes no calls; then one statement adds all of them,
 * or refuses.
 */
import type { LocalCtx, SagaCtx } from '#platform/calls/context'
import type { AnswerOf, InputOf } from '#platform/contract'
import { sagaOf } from '#platform/saga/saga'
import { holds } from '#platform/values'
import { assertOpen, cartLinesMax, keyOf } from './cart.ts'
import type { Checkout } from './calls.ts'
import type { contract } from './contract.ts'
import { changedMeanwhile, priceNotAllowed, tooManyLines, wrongCurrency } from './errors.ts'
import { assertForSale, currenciesOf, skusOf } from './price-lines.ts'
import { cartHead, insertLines } from './queries.ts'

type AddLines = (typeof contract)['operations']['addLines']
type Input = InputOf<AddLines>
type Lines = Input['lines']
type Results = {
  /** The currencies in which all of the new lines have a price. */
  lookUp: { currencies: string[] }
  insert: { lineIds: string[]; lineCount: number }
}

const { ask, local, define } = sagaOf<Checkout, Input, Results>()

export const addLines = define<AnswerOf<AddLines>>({
  steps: [
    ask('lookUp', { request: ({ input }) => input.lines, do: lookUp }),
    local('insert', { do: (ctx, { input, done }) => insert(ctx, input, done.lookUp.currencies) }),
  ],
  answer: ({ input, done }) => ({ cartId: input.cartId, ...done.insert }),
})

async function lookUp(ctx: SagaCtx<Checkout>, lines: Lines): Promise<Results['lookUp']> {
  if (lines.some((line) => line.unitPrice) && !holds(ctx.actor, 'orders:price')) throw priceNotAllowed()
  const { variants } = await ctx.calls.catalog.variants.query({ skus: skusOf(lines) })
  const currencies = currenciesOf(lines, assertForSale(lines, variants))
  // Whether the cart's own currency is among them is decided by the statement that adds the lines.
  if (currencies.length === 0) throw wrongCurrency('Every price')
  return { currencies }
}

async function insert(ctx: LocalCtx, input: Input, currencies: string[]): Promise<Results['insert']> {
  const { cartId } = input
  const key = keyOf(ctx, input)
  const lines = input.lines.map(({ sku, quantity, unitPrice }, index) => ({
    position: index + 1,
    lineId: ctx.newId('lin'),
    sku,
    quantity,
    unitPriceMinor: unitPrice?.amountMinor ?? null,
  }))
  const added = lines.length
  const given = { ...key, currencies, added, lines: JSON.stringify(lines), now: ctx.now() }
  const [cart] = await insertLines(ctx.tx).execute(given)
  if (cart) return { lineIds: lines.map(({ lineId }) => lineId), lineCount: cart.lineCount }
  const [head] = await cartHead(ctx.tx).execute(key)
  assertOpen(cartId, head)
  if (!currencies.includes(head.currency)) throw wrongCurrency('Every price')
  if (head.lineCount + added > cartLinesMax) throw tooManyLines(cartLinesMax)
  throw changedMeanwhile(cartId)
}
