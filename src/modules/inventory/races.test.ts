/** Stock under many hands: whatever comes first, no unit is promised twice, and none is lost. */
import { startTestHall, type TestHall } from '#testing/hall'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expectBalance, expireHolds, line } from './testing.ts'

const settled = async (asked: Promise<unknown>[]) => {
  const outcomes = await Promise.allSettled(asked)
  const refusals = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason.data.reason as string] : []))
  return { done: outcomes.length - refusals.length, refusals: [...new Set(refusals)] }
}
const carts = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`)

async function open(units: number): Promise<TestHall> {
  const hall = await startTestHall({ modules: ['inventory'] })
  await hall.calls.inventory.saveLocation.mutate({ code: 'attic', name: 'Attic', priority: 1 })
  // Half here and half there, so that a line may take from both.
  const half = Math.floor(units / 2)
  const { receive } = hall.calls.inventory
  await receive.mutate({ reference: 'r', lines: [line('A', units - half)] })
  if (half > 0) await receive.mutate({ reference: 's', location: 'attic', lines: [line('A', half)] })
  return hall
}

test('of 50 carts that want to hold or to have the last unit exactly one gets it', async () => {
  await using hall = await open(1)
  const { hold, reserve } = hall.calls.inventory
  const { done, refusals } = await settled(
    carts(50).map((reference, index) =>
      index % 2 === 0
        ? reserve.mutate({ reference, lines: [line('A', 1)] })
        : hold.mutate({ reference, lines: [line('A', 1)], minutes: 15 }),
    ),
  )
  expect([done, refusals]).toEqual([1, ['inventory.out_of_stock']])
  await expectBalance(hall)
})

test('carts that buy what they hold all get it, however many others want it', async () => {
  await using hall = await open(20)
  const { hold, reserve } = hall.calls.inventory
  await Promise.all(carts(10).map((reference) => hold.mutate({ reference, lines: [line('A', 2)], minutes: 15 })))
  const [buyers, others] = await Promise.all([
    settled(carts(10).map((cart) => reserve.mutate({ reference: `s-${cart}`, lines: [line('A', 2)], hold: cart }))),
    settled(carts(10).map((cart) => reserve.mutate({ reference: `o-${cart}`, lines: [line('A', 1)] }))),
  ])
  expect(buyers).toEqual({ done: 10, refusals: [] })
  expect(others).toEqual({ done: 0, refusals: ['inventory.out_of_stock'] })
  await expectBalance(hall)
})

test('expired holds are used by others, bought and renewed at once, and every unit has one end', async () => {
  await using hall = await open(20)
  const { hold, endHold, reserve } = hall.calls.inventory
  const minutes = 15
  for (const round of carts(4)) {
    await settled(carts(10).map((reference) => hold.mutate({ reference, lines: [line('A', 2)], minutes })))
    await expireHolds(hall)
    await settled(
      carts(10).flatMap((cart, index) => [
        reserve.mutate({ reference: `own-${round}-${cart}`, lines: [line('A', 1)], hold: cart }),
        reserve.mutate({ reference: `other-${round}-${cart}`, lines: [line('A', 1)] }),
        index % 2 === 0
          ? hold.mutate({ reference: cart, lines: [line('A', 1)], minutes })
          : endHold.mutate({ reference: cart }),
      ]),
    ).then(({ refusals }) => expect(refusals.filter((name) => name !== 'inventory.out_of_stock')).toEqual([]))
    await expectBalance(hall)
  }
  await expireHolds(hall)
  const { levels } = await hall.calls.inventory.levels.query({ skus: ['A'] })
  const { onHand, reserved, available } = levels[0]!
  expect([onHand, reserved + available]).toEqual([20, 20])
})

test('twins of one hold, and a hold that is bought meanwhile, leave at most one hold', async () => {
  await using hall = await open(9)
  const { hold, reserve } = hall.calls.inventory
  const twins = carts(12).map((_, index) =>
    hold.mutate({ reference: 'cart', lines: [line('A', (index % 4) + 1)], minutes: 15 }),
  )
  const { refusals } = await settled([
    ...twins,
    reserve.mutate({ reference: 'saga', lines: [line('A', 3)], hold: 'cart' }),
  ])
  expect(refusals).toEqual([])
  const held = await hall.sql('select sum(quantity)::int as units from "inventory".hold_lines')
  expect(held[0]!['units'] ?? 0).toBeLessThanOrEqual(4)
  await expectBalance(hall)
})

type Kept = Map<string, number>
const sumOf = (kept: Iterable<Kept>, sku: string) => [...kept].reduce((sum, each) => sum + (each.get(sku) ?? 0), 0)

/** What must come of it, one step at a time, wherever it lies. */
class Model {
  readonly onHand: Kept = new Map()
  readonly reserved = new Map<string, Kept>()
  readonly held = new Map<string, Kept>()

  receive(sku: string, quantity: number): void {
    this.onHand.set(sku, (this.onHand.get(sku) ?? 0) + quantity)
  }

  free(sku: string): number {
    return (this.onHand.get(sku) ?? 0) - sumOf(this.reserved.values(), sku) - sumOf(this.held.values(), sku)
  }

  /** Whether it is taken, into `into`, for whom the hold is given up. */
  take(into: Map<string, Kept>, reference: string, { lines, hold }: { lines: Kept; hold?: string }): boolean {
    const given = hold === undefined ? undefined : this.held.get(hold)
    const isEnough = [...lines].every(([sku, units]) => this.free(sku) + (given?.get(sku) ?? 0) >= units)
    if (!isEnough) return false
    if (hold !== undefined) this.held.delete(hold)
    into.set(reference, lines)
    return true
  }
}

const sku = fc.constantFrom('A', 'B', 'C')
const wanted = fc.array(fc.record({ sku, quantity: fc.integer({ min: 1, max: 6 }) }), { minLength: 1, maxLength: 4 })
const cart = fc.constantFrom('c1', 'c2', 'c3')
const step = fc.oneof(
  fc.record({
    what: fc.constant('receive' as const),
    location: fc.constantFrom('main', 'attic', 'barn'),
    lines: wanted,
  }),
  fc.record({ what: fc.constant('hold' as const), cart, lines: wanted }),
  fc.record({ what: fc.constant('endHold' as const), cart }),
  fc.record({ what: fc.constant('expire' as const) }),
  fc.record({ what: fc.constant('reserve' as const), lines: wanted }),
  fc.record({ what: fc.constant('buy' as const), cart, lines: wanted }),
  fc.record({ what: fc.constant('release' as const), nth: fc.nat(9) }),
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

const merged = (lines: readonly { sku: string; quantity: number }[]): Kept => {
  const kept: Kept = new Map()
  for (const each of lines) kept.set(each.sku, (kept.get(each.sku) ?? 0) + each.quantity)
  return kept
}

const isTaken = (asked: Promise<unknown>) =>
  asked.then(
    () => true,
    (error: { data: { reason: string } }) => {
      expect(error.data.reason).toBe('inventory.out_of_stock')
      return false
    },
  )

/** Does a step in the hall and in the model, and compares what they answer. Names are of one run of the property only. */
async function doStep(
  { hall, model, run }: { hall: TestHall; model: Model; run: number },
  { given, index }: { given: Step; index: number },
): Promise<void> {
  const { receive, hold, endHold, reserve, release } = hall.calls.inventory
  const reference = `${run}/${index}`
  const lines = 'lines' in given ? given.lines.map((each) => ({ ...each, sku: skuOf(run, each.sku) })) : []
  const kept = merged(lines)
  const of = 'cart' in given ? `${run}/${given.cart}` : undefined
  switch (given.what) {
    case 'receive':
      await receive.mutate({ reference, location: given.location, lines })
      for (const [each, units] of kept) model.receive(each, units)
      break
    case 'hold': {
      const isExpected = model.take(model.held, of!, { lines: kept, hold: of! })
      expect(await isTaken(hold.mutate({ reference: of!, lines, minutes: 15 }))).toBe(isExpected)
      break
    }
    case 'endHold':
      await endHold.mutate({ reference: of! })
      model.held.delete(of!)
      break
    case 'expire':
      // The model forgets at once; the hall keeps the rows, in nobody's way, until somebody has a use for the units.
      await expireHolds(hall)
      model.held.clear()
      break
    case 'reserve':
    case 'buy': {
      const hold = of === undefined ? {} : { hold: of }
      const isExpected = model.take(model.reserved, reference, { lines: kept, ...hold })
      expect(await isTaken(reserve.mutate({ reference, lines, ...hold }))).toBe(isExpected)
      break
    }
    case 'release': {
      const open = [...model.reserved.keys()]
      const which = open[given.nth % Math.max(open.length, 1)]
      if (which === undefined) break
      await release.mutate({ reference: which })
      model.reserved.delete(which)
    }
  }
}

const skuOf = (run: number, name: string) => `${name}-${run}`

test('whatever is received, held, bought and released, the inventory says what a simple model says', async () => {
  await using hall = await open(2)
  await hall.calls.inventory.saveLocation.mutate({ code: 'barn', name: 'Barn', priority: 2 })
  let run = 0
  const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
    run += 1
    const model = new Model()
    for (const [index, given] of steps.entries()) await doStep({ hall, model, run }, { given, index })
    const skus = ['A', 'B', 'C'].map((name) => skuOf(run, name))
    const { levels } = await hall.calls.inventory.levels.query({ skus })
    const said = levels.map(({ sku: of, onHand, reserved, held }) => [of, onHand, reserved, held])
    const expected = skus
      .filter((of) => model.onHand.has(of))
      .map((of) => [of, model.onHand.get(of), sumOf(model.reserved.values(), of), sumOf(model.held.values(), of)])
    expect(said).toEqual(expected)
    await expectBalance(hall)
  })
  await fc.assert(property, { numRuns: 40 })
})
