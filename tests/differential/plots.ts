/** Short plots, generated: calls that build on one another, which chance alone would seldom put in a row. */
import fc from 'fast-check'
import { guest } from '#platform/values'
import { validInput } from './inputs.ts'
import { type Call, type Lockstep, operations } from './lockstep.ts'

export type Plot = { seed: number; spoilsInput: boolean }
type Made = { fields: Record<string, any>; chance: number }
type Plan = (halls: Lockstep, plot: Plot) => Promise<void>
type Ordered = { orderId: string; orderToken: string }

/** A cart is filled and bought, rightly or not quite, and what came of it is looked at. */
const buys: Plan = async (halls, plot) => void (await buy(halls, plot))

async function buy(halls: Lockstep, plot: Plot): Promise<Ordered | undefined> {
  const make = (path: string, step: number) => inputOf(halls, path, plot.seed * 10 + step)
  const begun = { requestId: `req_plot-${plot.seed}`, spoilsInput: plot.spoilsInput }
  const ask = (path: string, input: object, more: Partial<Call> = {}) => halls.call({ path, input, ...begun, ...more })
  const opening = make('checkout.createCart', 1)
  const address = opening.chance > 0 ? { address: { country: 'GB', ...opening.fields['address'] } } : {}
  const opened = await ask('checkout.createCart', { currency: 'GBP', ...address }, { key: `a cart of ${plot.seed}` })
  // A generated address may be one that is refused, such as a name of blanks.
  if (!opened.ok) return undefined
  const cart = opened.value
  const lines = skusOf(plot.seed).map((sku, index) => ({ sku, quantity: 1 + ((plot.seed + index) % 3) }))
  await ask('checkout.addLines', { ...cart, lines }, { key: `lines of ${plot.seed}` })
  const ways = await ask('checkout.shippingMethods', cart)
  if (ways.ok && ways.value.methods.length > 0)
    await ask('checkout.setShipping', { ...cart, method: ways.value.methods[0].code })
  if (opening.chance > 5) await ask('checkout.hold', cart, { key: `hold of ${plot.seed}` })
  const seen = await ask('checkout.getCart', cart, { actor: guest, caller: 'client:guest' })
  if (!seen.ok) return undefined
  const buying = make('checkout.complete', 2)
  const expectedTotal = buying.chance === 1 ? buying.fields['expectedTotal'] : seen.value.total
  const complete = {
    path: 'checkout.complete',
    input: { ...buying.fields, ...cart, expectedTotal },
    key: `buys the cart of ${plot.seed}`,
  }
  const bought = await halls.call({ ...begun, ...complete })
  await halls.call({ ...begun, ...complete, spoilsInput: false })
  if (!bought.ok) return undefined
  await ask('orders.get', { id: bought.value.orderId, token: bought.value.orderToken }, { actor: guest })
  return bought.value as Ordered
}

/** An order is sent, cancelled, given back, captured, in any order and not at all. */
const lives: Plan = async (halls, plot) => {
  const ordered = await buy(halls, plot)
  if (!ordered) return
  const { orderId: id, orderToken: token } = ordered
  const chance = plot.seed % 200
  if (chance % 3 > 0) await halls.settle()
  const begun = { requestId: `req_life-${plot.seed}`, spoilsInput: plot.spoilsInput }
  const amount = { amountMinor: 1 + chance, currency: 'GBP' }
  const steps: Call[] = [
    { path: 'orders.cancel', input: { id, token }, actor: guest },
    { path: 'fulfilment.ship', input: { orderId: id, carrier: 'a cart' }, key: `sends ${plot.seed}` },
    { path: 'fulfilment.ship', input: { orderId: id } },
    { path: 'orders.beginShipping', input: { orderId: id }, caller: 'fulfilment' },
    { path: 'orders.refund', input: { id, amount, reason: 'plot' }, key: `gives back ${plot.seed}` },
    { path: 'orders.capture', input: { id, amount } },
  ]
  for (const step of fc.sample(fc.shuffledSubarray(steps, { minLength: 2 }), { seed: plot.seed, numRuns: 1 })[0]!)
    await halls.call({ ...begun, ...step })
  await halls.call({ path: 'orders.get', input: { id, token }, actor: guest })
}

/** A payment is authorised and taken back, in either order; the stock for it likewise, held before or not. */
const promises: Plan = async (halls, plot) => {
  const reference = `what plot ${plot.seed} is for`
  const begun = { caller: 'checkout', requestId: `req_plot-${plot.seed}`, spoilsInput: plot.spoilsInput }
  const { fields, chance } = inputOf(halls, 'payments.authorise', plot.seed)
  const amount = { amountMinor: 1 + fields['amount'].amountMinor, currency: 'GBP' }
  const [sku] = skusOf(plot.seed)
  const lines = [{ sku, quantity: 1 }]
  const asks = (path: string, input: object): Call => ({ ...begun, path, input, key: `${reference}: ${path}` })
  const pay = asks('payments.authorise', { ...fields, amount, reference })
  const promise = asks('inventory.reserve', { reference, lines, hold: reference })
  const undo = (path: string, { key }: Call): Call => ({ ...asks(path, { reference }), undoesKey: key! })
  const steps = [
    pay,
    promise,
    undo('payments.void', pay),
    undo('inventory.release', promise),
    asks('inventory.hold', { reference, lines, minutes: 120 }),
    asks('inventory.endHold', { reference }),
  ]
  for (const step of fc.sample(fc.shuffledSubarray(steps, { minLength: 3 }), { seed: plot.seed, numRuns: 1 })[0]!)
    await halls.call(step)
  if (chance > 2) await halls.call(pay)
  await halls.call({ path: 'payments.get', input: { reference } })
}

const plans: readonly Plan[] = [buys, lives, promises]

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
