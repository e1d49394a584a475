/** The inventory beside a model that a stranger can read, through steps that nobody thought of. */
import { startTestHall, type TestHall } from '#testing/hall'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expectBalance, expireHolds } from './testing/stock.ts'

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
  fc.record({ what: fc.constant('release' as const), of: fc.nat(24) }),
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

const merged = (lines: readonly { sku: string; quantity: number }[]): Kept => {
  const kept: Kept = new Map()
  for (const each of lines) kept.set(each.sku, (kept.get(each.sku) ?? 0) + each.quantity)
  return kept
}

/** Whether stock was taken: true, or the reason why not. */
const outcomeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => true,
    (error: { data: { reason: string } }) => error.data.reason,
  )
type Told = {
  given: Step
  reference: string
  released: string
  cart: string
  lines: { sku: string; quantity: number }[]
}

/** Does a step in the model. What comes back is what the hall must answer, as `outcomeOf` tells it. */
function expectedOf(model: Model, { given, reference, released, cart: of, lines }: Told): true | string {
  const kept = merged(lines)
  const taken = (isTaken: boolean) => isTaken || 'inventory.out_of_stock'
  switch (given.what) {
    case 'receive':
      for (const [each, units] of kept) model.receive(each, units)
      return true
    case 'hold':
      return taken(model.take(model.held, of, { lines: kept, hold: of }))
    case 'endHold':
      model.held.delete(of)
      return true
    case 'expire':
      model.held.clear()
      return true
    case 'reserve':
      return taken(model.take(model.reserved, reference, { lines: kept }))
    case 'buy':
      return taken(model.take(model.reserved, reference, { lines: kept, hold: of }))
    default:
      model.reserved.delete(released)
      return true
  }
}

/** Does a step in the hall. What has expired keeps its rows there, in nobody's way, until somebody has a use for the units. */
function doStep(hall: TestHall, { given, reference, released, cart: of, lines }: Told): Promise<unknown> {
  const { receive, hold, endHold, reserve, release } = hall.calls.inventory
  switch (given.what) {
    case 'receive':
      return receive.mutate({ reference, location: given.location, lines })
    case 'hold':
      return hold.mutate({ reference: of, lines, minutes: 15 })
    case 'endHold':
      return endHold.mutate({ reference: of })
    case 'expire':
      return expireHolds(hall)
    case 'reserve':
      return reserve.mutate({ reference, lines })
    case 'buy':
      return reserve.mutate({ reference, lines, hold: of })
    default:
      return release.mutate({ reference: released })
  }
}

/** A step with the names of this run of the property: all runs share a hall. */
function toldIn(run: number, index: number, given: Step): Told {
  const lines = 'lines' in given ? given.lines.map((each) => ({ ...each, sku: skuOf(run, each.sku) })) : []
  return {
    given,
    lines,
    reference: `${run}/${index}`,
    released: 'of' in given ? `${run}/${given.of}` : '',
    cart: 'cart' in given ? `${run}/${given.cart}` : '',
  }
}
const skuOf = (run: number, name: string) => `${name}-${run}`

test('whatever is received, held, bought and released, the inventory says what a simple model says', async () => {
  await using hall = await startTestHall({ modules: ['inventory'] })
  for (const [priority, code] of ['attic', 'barn'].entries())
    await hall.calls.inventory.saveLocation.mutate({ code, name: code, priority })
  let run = 0
  const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
    run += 1
    const model = new Model()
    for (const [index, given] of steps.entries()) {
      const told = toldIn(run, index, given)
      expect(await outcomeOf(doStep(hall, told))).toBe(expectedOf(model, told))
    }
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
