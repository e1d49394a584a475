/** Generated calls: any operation, by anybody, with inputs right and wrong, keys new, repeated and reused. */
import fc from 'fast-check'
import { guest, type Actor } from '#platform/values'
import { graph } from '../../src/modules.ts'
import { customer, owner, service } from './credentials.ts'
import { validInput } from './inputs.ts'
import { type Call, type Lockstep, type Outcome, operations } from './lockstep.ts'
import { mutated } from './mutations.ts'
import { followPlot } from './plots.ts'

type Operation = (typeof operations)[number]

const callees: readonly string[] = graph.checkout.calls

const rowsEvery = 25
/** One in so many calls is followed by a plot. */
const plotEvery = 8
/** Internal operations that trust their caller, a module of the hall, with what their input cannot say. */
const trusting = ['orders.place', 'payments.void']

/** What is decided of a call before its input. */
const plan = fc.record(
  {
    operation: fc.constantFrom(...operations),
    actor: fc.oneof(
      { weight: 6, arbitrary: fc.constant('owner') },
      { weight: 4, arbitrary: fc.constantFrom('guest', 'customer', 'fitting', 'unfitting') },
    ),
    fromOutside: fc.nat(3).map((chance) => chance === 0),
    wrong: fc.nat(9).map((chance) => chance < 3),
    key: fc.constantFrom('none', 'none', 'new', 'new', 'repeated', 'reused'),
    spoilsInput: fc.boolean(),
    asksAgain: fc.boolean(),
    pauseMs: fc.constantFrom(0, 0, 1, 1000, 3_600_000),
    choice: fc.nat(1_000_000),
  },
  { noNullPrototype: true },
)
type Plan = typeof plan extends fc.Arbitrary<infer Value> ? Value : never

/** Makes the calls in every hall and compares what comes of them. Throws with the seed where anything differs. */
export async function generateCalls(halls: Lockstep, { seed, runs }: { seed: number; runs: number }): Promise<void> {
  const keyed: Call[] = []
  try {
    for (const [step, each] of fc.sample(plan, { seed, numRuns: runs }).entries()) {
      const call = callOf(halls, keyed, { ...each, seed: seed + step })
      halls.advanceMs(each.pauseMs)
      const outcome = await halls.call(call)
      assertKnownReason(call, outcome)
      if (call.key !== undefined && !keyed.some(({ key }) => key === call.key)) keyed.push(call)
      if (each.asksAgain) await askAgain(halls, call, each.operation)
      if (each.choice % plotEvery === 0) await followPlot(halls, { seed: seed + step, spoilsInput: each.spoilsInput })
      if (step % rowsEvery === rowsEvery - 1) await halls.compareRows()
    }
    await halls.compareRows()
  } catch (error) {
    throw new Error(`With DIFFERENTIAL_SEED=${seed} DIFFERENTIAL_RUNS=${runs}: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** What was answered has been spoilt meanwhile: the second answer shows whether anybody shared it. */
async function askAgain(halls: Lockstep, call: Call, { spec }: Operation): Promise<void> {
  if (spec.kind === 'query' || call.key !== undefined) await halls.call({ ...call, spoilsInput: false })
}

function callOf(halls: Lockstep, keyed: readonly Call[], each: Plan & { seed: number }): Call {
  const { operation, key, choice, spoilsInput, seed } = each
  const earlier = keyed[choice % Math.max(1, keyed.length)]
  if (key === 'repeated' && earlier) return { ...earlier, spoilsInput }
  const caller = each.fromOutside
    ? `client:${each.actor}`
    : operation.spec.access.kind === 'internal'
      ? 'checkout'
      : 'gateway'
  const { path } = operation
  const undone =
    operation.spec.undoes === undefined ? {} : { undoesKey: undoneKey(operation, keyed, { caller, choice }) }
  const base: Call = {
    path,
    input: inputOf(halls, each),
    actor: actorOf(each),
    caller: declaredCaller(operation, caller),
    spoilsInput,
    ...undone,
  }
  if (key === 'reused' && earlier?.key !== undefined)
    return { ...base, key: earlier.key, caller: declaredCaller(operation, earlier.caller ?? caller) }
  return key === 'none' ? base : { ...base, key: `a key of step ${seed}` }
}

/** Modules call only whom the graph lets them; what checkout does not call, the gateway of the tests may. */
const declaredCaller = ({ module }: Operation, caller: string): string =>
  caller === 'checkout' && !callees.includes(module) ? 'gateway' : caller

/** An undo names a call that was made, or one that has not arrived. */
function undoneKey(
  { module, spec }: Operation,
  keyed: readonly Call[],
  { caller, choice }: { caller: string; choice: number },
): string {
  const made = keyed.filter((call) => call.path === `${module}.${spec.undoes}` && call.caller === caller)
  return made[choice % Math.max(1, made.length)]?.key ?? `a key that has not arrived, ${choice}`
}

function inputOf(halls: Lockstep, { operation, wrong, seed }: Plan & { seed: number }): unknown {
  const [valid] = fc.sample(validInput(operation.spec.input, halls.pool), { seed, numRuns: 1 })
  const input = sensible[operation.path]?.(valid) ?? valid
  return wrong ? fc.sample(mutated(input), { seed, numRuns: 1 })[0] : input
}

type Amounts = { grossMinor: number; netMinor: number; taxMinor: number }
type OrderInput = { lines: Amounts[]; shipping?: Amounts; grossMinor: number; taxMinor: number }

/** An order's caller has added it up; what is not is its bug, and no input of a customer. */
function addedUp(input: unknown): OrderInput {
  const order = structuredClone(input) as OrderInput
  const parts = [...order.lines, ...(order.shipping ? [order.shipping] : [])]
  for (const part of parts) {
    part.netMinor = part.grossMinor - Math.min(part.taxMinor, part.grossMinor)
    part.taxMinor = part.grossMinor - part.netMinor
  }
  order.grossMinor = parts.reduce((sum, { grossMinor }) => sum + grossMinor, 0)
  order.taxMinor = parts.reduce((sum, { taxMinor }) => sum + taxMinor, 0)
  return order
}

/** Holds end by the database's clock, which is not the same in all halls: none ends while they are compared. */
const longHeld = (input: unknown): object => ({ ...(input as object), minutes: 120 })

const sensible: Record<string, (input: unknown) => object> = { 'orders.place': addedUp, 'inventory.hold': longHeld }

function actorOf({ actor, operation: { spec } }: Plan): Actor {
  if (actor === 'guest') return guest
  if (actor === 'customer') return customer
  if (actor === 'owner') return owner
  if (actor === 'fitting' && spec.access.kind === 'staff') return service(spec.access.permission)
  return service(actor === 'fitting' ? 'orders:price' : 'nothing:much')
}

function assertKnownReason({ path, input }: Call, outcome: Outcome): void {
  if (outcome.ok || outcome.reason !== 'platform.internal' || trusting.includes(path)) return
  throw new Error(`${path} failed with platform.internal, everywhere, for ${JSON.stringify(input)?.slice(0, 2000)}`)
}
