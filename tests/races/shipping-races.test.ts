/** Races for the goods of an order: it is cancelled or it is sent, and its money and its stock go the same way. */
import type { CommandCtx } from '#platform/calls/context'
import { DomainError } from '#platform/errors'
import { owner } from '#testing/hall'
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { type Arena, openArena } from './arena.ts'
import { buyAt, fill, guest, range, stockOf } from './buyers.ts'
import { type PaidOrder, paidOrders } from './paid-orders.ts'
import { race, raceMsMax, type Scenario } from './race.ts'

const modules = ['orders', 'payments', 'inventory', 'fulfilment'] as const
const refusals = [
  'died',
  'orders.already_shipped',
  'orders.cancelled',
  'orders.not_paid',
  'fulfilment.unknown_shipment',
]

/** An order whose money is not taken yet: what follows from it is still to be done. */
async function freshOrder(arena: Arena): Promise<PaidOrder> {
  const sku = await arena.stock(2)
  return { ...(await buyAt(arena, { door: 0 }, await fill(arena, [{ sku, quantity: 2 }]))), sku }
}

/** In every third play who sends the goods dies. */
const someDie = (seed: number) => (seed % 3 === 0 ? { party: 'ship', after: (seed / 3) % 14 } : undefined)

/** An order is cancelled, by its buyer or by staff or both, and sent, once or twice, while workers are at it. */
const cancelOrShip =
  (nextOrder: () => Promise<PaidOrder>): Scenario =>
  async ({ arena, chance, play, seed }) => {
    await arena.finish()
    const isPaid = chance(0, 2) > 0
    const { orderId, orderToken: token, sku } = await (isPaid ? nextOrder() : freshOrder(arena))
    const cancel = () => arena.doors[0](guest).orders.cancel.mutate({ id: orderId, token })
    const cancelAgain = () => arena.doors[1](owner).orders.cancel.mutate({ id: orderId })
    const shipBy = (door: 0 | 1, key: string) => () =>
      arena.doors[door](owner).fulfilment.ship.mutate({ orderId }, { key })
    const secondKey = `ship-${seed}-${chance(0, 1)}`
    play.join('cancel', cancel)
    play.join('ship', shipBy(1, `ship-${seed}-0`))
    if (chance(0, 2) === 0) play.join('cancel again', cancelAgain)
    if (chance(0, 1) === 0) play.join('ship again', shipBy(0, secondKey))
    if (someDie(seed)) play.join('time', () => arena.letTimePass(), { when: () => play.hasEnded('ship') })
    for (const number of range(chance(1, 2))) play.join(`worker ${number}`, () => arena.work())
    return async () => {
      const isDone = (name: string) => play.has(name) && play.reasonOf(name) === undefined
      const isCancelled = isDone('cancel') || isDone('cancel again')
      const isSent = isDone('ship') || isDone('ship again')
      expect({ isCancelled, isSent }, 'what was answered').not.toEqual({ isCancelled: true, isSent: true })
      const { state, capturedMinor, refundedMinor } = await arena.hall.calls.orders.get.query({ id: orderId })
      if (isCancelled) expect(state).toBe('cancelled')
      if (isSent) expect(state).toBe('shipped')
      const whenNobodyDies = isPaid ? ['cancelled', 'shipped'] : ['cancelled', 'shipped', 'paid']
      expect(play.reasonOf('ship') === 'died' ? [...whenNobodyDies, 'paid'] : whenNobodyDies).toContain(state)
      // Money and goods go where the order has gone, and are nowhere else.
      expect(capturedMinor - refundedMinor).toBe(state === 'cancelled' ? 0 : 590)
      const onHand = state === 'shipped' ? 0 : 2
      expect(await stockOf(arena, sku)).toEqual({ onHand, reserved: state === 'paid' ? 2 : 0, held: 0 })
      const names = ['cancel', 'cancel again', 'ship', 'ship again'].filter((name) => play.has(name))
      const reasons = names.flatMap((name) => play.reasonOf(name) ?? [])
      expect(reasons.filter((reason) => !refusals.includes(reason))).toEqual([])
    }
  }

test(
  'in 200 interleavings of cancelling and sending an order is cancelled with its money back, or sent, and never both',
  { timeout: raceMsMax },
  async () => {
    await using arena = await openArena({ gated: modules, worked: modules })
    await race(arena, cancelOrShip(paidOrders(arena)), { death: someDie })
  },
)

/** Reads what state an order is in, and then writes another: what orders must not do. */
async function readThenShip({ tx }: CommandCtx, { orderId }: { orderId: string }) {
  const { rows } = await tx.execute<{ state: string; reference: string }>(
    sql`select state, reference from orders where id = ${orderId}`,
  )
  const { state, reference } = rows[0]!
  if (state === 'cancelled') throw new DomainError('orders.cancelled', 'CONFLICT', 'It is cancelled.')
  await tx.execute(sql`update orders set state = 'shipping', version = version + 1 where id = ${orderId}`)
  return { orderId, reference }
}

test(
  'an order whose state is read, and then written, is seen to be cancelled and sent',
  { timeout: raceMsMax },
  async () => {
    await using arena = await openArena({ gated: modules, worked: modules })
    arena.replace('orders', 'beginShipping', () => ({ handler: readThenShip }))
    const broken = race(arena, cancelOrShip(paidOrders(arena)), { every: 10 })
    await expect(broken).rejects.toThrow(/^what was answered/)
  },
)
