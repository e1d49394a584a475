/** Short plots, generated: calls that build on one another, which chance alone would seldom put in a row. */
import fc from 'fast-check'
import { guest } from '#platform/values'
import { validInput } from './inputs.ts'
import { type Call, type Lockstep, operations } from './lockstep.ts'

export type Plot = { seed: number; spoilsInput: boolean }
type Made = { fields: Record<string, any>; chance: number }
type Plan = (halls: Lockstep, plot: Plot) => Promise<void>

/** A cart is filled and bought, rightly or not quite, and what came of it is looked at. */
const buys: Plan = async (halls, plot) => {
  const make = (path: string, step: number) => inputOf(halls, path, plot.seed * 10 + step)
  const begun = { requestId: `req_plot-${plot.seed}`, spoilsInput: plot.spoilsInput }
  const ask = (path: string, input: object, more: Partial<Call> = {}) => halls.call({ path, input, ...begun, ...more })
  const opening = make('checkout.createCart', 1)
  const address = opening.chance > 0 ? { address: { country: 'GB', ...opening.fields['address'] } } : {}
  const opened = await ask('checkout.createCart', { currency: 'GBP', ...address }, { key: `a cart of ${plot.seed}` })
  // A generated address may be one that is refused, such as a name of blanks.
  if (!opened.ok) return
  const cart = opened.value
  const lines = skusOf(plot.seed).map((sku, index) => ({ sku, quantity: 1 + ((plot.seed + index) % 3) }))
  await ask('checkout.addLines', { ...cart, lines }, { key: `lines of ${plot.seed}` })
  const seen = await ask('checkout.getCart', cart, { actor: guest, caller: 'client:guest' })
  if (!seen.ok) return
  const buying = make('checkout.complete', 2)
  const expectedTotal = buying.chance === 1 ? buying.fields['expectedTotal'] : seen.value.total
  const complete = {
    path: 'checkout.complete',
    input: { ...buying.fields, ...cart, expectedTotal },
    key: `buys the cart of ${plot.seed}`,
  }
  const bought = await halls.call({ ...begun, ...complete })
  await halls.call({ ...begun, ...complete, spoilsInput: false })
  if (bought.ok) await ask('orders.get', { id: bought.value.orderId, token: bought.value.orderToken }, { actor: guest })
}

/** A payment is authorised, and then captured, taken back, or both in either order; the stock for it likewise. */
const promises: Plan = async (halls, plot) => {
  const reference = `what plot ${plot.seed} is for`
  const begun = { caller: 'checkout', requestId: `req_plot-${plot.seed}`, spoilsInput: plot.spoilsInput }
  const { fields, chance } = inputOf(halls, 'payments.authorise', plot.seed)
  const amount = { amountMinor: 1 + fields['amount'].amountMinor, currency: 'GBP' }
  const [sku] = skusOf(plot.seed)
  const pay: Call = {
    ...begun,
    path: 'payments.authorise',
    input: { ...fields, amount, reference },
    key: `${reference}: pays`,
  }
  const hold: Call = {
    ...begun,
    path: 'inventory.reserve',
    input: { reference, lines: [{ sku, quantity: 1 }] },
    key: `${reference}: holds`,
  }
  const undo = (path: string, { key }: Call): Call => ({
    ...begun,
    path,
    input: { reference },
    key: `${key}:undo`,
    undoesKey: key!,
  })
  const does = (path: string): Call => ({ ...begun, path, input: { reference }, key: `${reference}: ${path}` })
  const steps = [
    pay,
    hold,
    undo('payments.void', pay),
    undo('inventory.release', hold),
    does('payments.capture'),
    does('inventory.commit'),
  ]
  for (const step of fc.sample(fc.shuffledSubarray(steps, { minLength: 3 }), { seed: plot.seed, numRuns: 1 })[0]!)
    await halls.call(step)
  if (chance > 2) await halls.call(pay)
  await halls.call({ path: 'payments.get', input: { reference } })
}

const plans: readonly Plan[] = [buys, buys, promises]

export const followPlot = (halls: Lockstep, plot: Plot): Promise<void> => plans[plot.seed % plans.length]!(halls, plot)

function inputOf(halls: Lockstep, path: string, seed: number): Made {
  const { input } = operations.find((each) => each.path === path)!.spec
  const [made] = fc.sample(
    fc.record({ fields: validInput(input, halls.pool), chance: fc.nat(9) }, { noNullPrototype: true }),
    { seed, numRuns: 1 },
  )
  return structuredClone(made) as Made
}

/** One to three of the story's SKU. */
const skusOf = (seed: number): string[] =>
  fc.sample(fc.array(fc.constantFrom('MUG-RED', 'mug-blue', 'LAMP', 'POST', 'GIFT'), { minLength: 1, maxLength: 3 }), {
    seed,
    numRuns: 1,
  })[0]!
