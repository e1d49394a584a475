/** A process that dies while it completes a cart, at whatever step: between payment and order, and everywhere else. */
import { expect, test } from 'vitest'
import { openArena } from './arena.ts'
import { buyAt, boughtBy, fill, ordersOf, paymentsOf, stockOf } from './buyers.ts'
import type { ProviderRequest } from './gates.ts'
import { race, raceMsMax, type Scenario } from './race.ts'

const gated = ['checkout', 'inventory', 'payments', 'orders'] as const
/** More than a purchase has steps. */
const stepsMax = 30
const death = (seed: number) => ({ party: 'browser', after: seed % stepsMax })

/** `undone`: a run that was silent for too long was taken for dead, and taken back. */
const refusals = [
  'died',
  'platform.undone',
  'checkout.cart_closed',
  'checkout.price_changed',
  'payments.provider_unavailable',
  'platform.in_progress',
]

/** Who serves a browser dies; the browser asks again, of another process, and that one's sweep finds what was left. */
const dying: Scenario = async ({ arena, chance, play, seed }) => {
  const sku = await arena.stock(1)
  const cart = await fill(arena, [{ sku, quantity: 1 }])
  const key = `key-${seed}`
  const isDead = () => play.hasEnded('browser')
  play.join('browser', () => buyAt(arena, { door: 0, key }, cart), { isDeaf: chance(0, 4) === 0 })
  const isEager = chance(0, 1) === 0
  if (chance(0, 2) > 0)
    play.join('again', () => buyAt(arena, { door: 1, key }, cart), { when: () => isEager || isDead() })
  play.join('time', () => arena.letTimePass(), { when: isDead })
  play.join('sweep', () => arena.resumeSagas('checkout'), { when: () => play.hasEnded('time') })
  // Whatever came between: who asks once more has bought it.
  const isOver = () => ['again', 'sweep'].every((name) => play.hasEnded(name) || !play.has(name))
  const askOnceMore = async () => {
    await arena.letTimePass()
    return buyAt(arena, { door: 0, key }, cart)
  }
  play.join('at last', askOnceMore, { when: isOver })
  return async () => {
    const { orderId } = boughtBy(play, 'at last')!
    for (const name of ['browser', 'again'].filter((each) => play.has(each))) {
      const answer = boughtBy(play, name)
      if (answer) expect(answer.orderId).toBe(orderId)
      else expect(refusals).toContain(play.reasonOf(name))
    }
    // Bought once, and paid for once.
    expect(await ordersOf(arena, cart)).toMatchObject([{ id: orderId, state: 'paid', captured: 295, refunded: 0 }])
    const kept = (await paymentsOf(arena, cart)).map(({ authorised, voided }) => authorised - voided)
    expect(kept.filter((minor) => minor > 0)).toEqual([295])
    expect(await stockOf(arena, sku)).toEqual({ onHand: 1, reserved: 1, held: 0 })
  }
}

test(
  'in 200 interleavings a process that dies at any step of a purchase leaves one order that is paid, or nothing',
  { timeout: raceMsMax },
  async () => {
    await using arena = await openArena({ gated })
    const seen = [...(await race(arena, dying, { death }))].map((trace) => trace.split('\n'))
    const deaths = new Set(seen.flat().flatMap((step) => /^browser dies before: (.*)$/.exec(step)?.[1] ?? []))
    const lives = seen.filter((steps) => !steps.some((step) => step.includes(' dies ')))
    const whole = lives.find((steps) => steps.includes('browser: orders orders_insert'))!
    const passed = whole.flatMap((step) => /^browser: (.*)$/.exec(step)?.[1] ?? [])
    expect(passed.length).toBeGreaterThan(15)
    expect(passed.filter((step) => !deaths.has(step))).toEqual([])
  },
)

/** A provider that does not know what it was asked before: it charges each time. */
function forgetful() {
  const asked = new Map<string, number>()
  return (request: ProviderRequest): ProviderRequest => {
    const times = (asked.get(request.path) ?? 0) + 1
    asked.set(request.path, times)
    return request.method === 'PUT' && times > 1 ? { ...request, path: `${request.path}~${times}` } : request
  }
}

test(
  'a provider that forgets its idempotency keys is seen to charge without a row',
  { timeout: raceMsMax },
  async () => {
    await using arena = await openArena({ gated, provider: forgetful() })
    await expect(race(arena, dying, { death, every: 10 })).rejects.toThrow('The provider has a charge without a row')
  },
)
