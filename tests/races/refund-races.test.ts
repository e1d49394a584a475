/** Races for the money of an order: it is given back once, however often it is asked for. */
import { owner } from '#testing/hall'
import { expect, test } from 'vitest'
import { pence } from '../shop.ts'
import { openArena } from './arena.ts'
import { guest, range } from './buyers.ts'
import { type PaidOrder, paidOrders } from './paid-orders.ts'
import { race, raceMsMax, type Scenario } from './race.ts'

const gated = ['orders', 'payments'] as const

/** In every third play a worker dies, between any two steps of what it does. */
const someDie = (seed: number) => (seed % 3 === 0 ? { party: 'worker 0', after: (seed / 3) % 20 } : undefined)

/** Two refunds of an order, with one key or two, whole or in parts, and perhaps its cancellation, while workers are at it. */
const twoRefunds =
  (nextOrder: () => Promise<PaidOrder>): Scenario =>
  async ({ arena, chance, play, seed }) => {
    const { orderId: id, orderToken: token } = await nextOrder()
    await arena.finish()
    const isSame = chance(0, 2) === 0
    const amounts = [pence([590, 300][chance(0, 1)]!), pence([590, 290, 291][chance(0, 2)]!)] as const
    const asked = ([0, 1] as const).map((number) => ({
      name: `refund ${number}`,
      number,
      amount: amounts[isSame ? 0 : number],
      key: isSame ? `refund-${seed}` : `refund-${seed}-${number}`,
    }))
    for (const { name, number, amount, key } of asked)
      play.join(name, () => arena.doors[number](owner).orders.refund.mutate({ id, amount, reason: 'broken' }, { key }))
    const cancels = chance(0, 2) === 0
    if (cancels) play.join('cancel', () => arena.doors[1](guest).orders.cancel.mutate({ id, token }))
    const when = () => asked.some(({ name }) => play.hasEnded(name))
    for (const number of range(chance(1, 2))) play.join(`worker ${number}`, () => arena.work(), { when })
    // What a slow worker is at is given to another one.
    play.join('time', () => arena.letTimePass(), { when })
    return async () => {
      const requests = isSame ? asked.slice(1) : asked
      if (isSame) expect(play.answerOf('refund 0')).toEqual(play.answerOf('refund 1'))
      const granted = requests.filter(({ name }) => play.reasonOf(name) === undefined)
      const sum = granted.reduce((all, { amount }) => all + amount.amountMinor, 0)
      expect(sum, 'pence granted').toBeLessThanOrEqual(590)
      const order = await arena.hall.calls.orders.get.query({ id })
      expect(order).toMatchObject({ state: cancels ? 'cancelled' : 'paid', capturedMinor: 590 })
      expect(order.refundedMinor).toBe(cancels ? 590 : sum)
      if (!cancels) expect(granted.length).toBeGreaterThan(0)
      const refusals = requests.flatMap(({ name }) => play.reasonOf(name) ?? [])
      expect(refusals.filter((reason) => reason !== 'orders.refund_too_much')).toEqual([])
    }
  }

test(
  'in 200 interleavings of two refunds no more is given back than was taken, and one key gives back once',
  { timeout: raceMsMax },
  async () => {
    await using arena = await openArena({ gated })
    await race(arena, twoRefunds(paidOrders(arena)), { death: someDie })
  },
)
