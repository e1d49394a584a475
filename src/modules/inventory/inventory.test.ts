import { startTestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'
import { shipped } from '#modules/fulfilment'
import { tell } from '#testing/tell'
import { expectBalance, line, shippedOf } from './testing/stock.ts'

type Hall = Awaited<ReturnType<typeof startTestHall>>

const levelOf = (sku: string, onHand: number) => ({
  sku,
  onHand,
  reserved: 0,
  held: 0,
  available: onHand,
  locations: [{ location: 'main', onHand, reserved: 0, held: 0 }],
})
const reason = (name: string) => ({ data: { reason: name } })

/** On-hand and reserved units by SKU. */
async function levelsOf(hall: Hall, ...skus: string[]) {
  const { levels } = await hall.calls.inventory.levels.query({ skus })
  return Object.fromEntries(levels.map(({ sku, onHand, reserved }) => [sku, [onHand, reserved]]))
}

describe.each(['near', 'far'] as const)('inventory, %s', (distance) => {
  test('stock is received once per reference, and lines of one SKU add up', async () => {
    await using hall = await startTestHall({ modules: ['inventory'], distance })
    const { receive } = hall.calls.inventory
    const delivery = { reference: '536365', lines: [line('b', 2), line('A', 3), line('B', 4)] }
    expect(await receive.mutate(delivery)).toEqual({ received: true, units: 9 })
    expect(await receive.mutate(delivery)).toEqual({ received: false, units: 0 })
    expect(await receive.mutate({ reference: '536366', lines: [line('A', 1)] })).toEqual({ received: true, units: 1 })
    expect(await hall.calls.inventory.levels.query({ skus: ['B', 'A', 'C', 'A'] })).toEqual({
      levels: [levelOf('A', 4), levelOf('B', 6)],
    })
    await expectBalance(hall)
  })

  test('a reservation promises all of its lines or none, and names what is short', async () => {
    await using hall = await startTestHall({ modules: ['inventory'], distance })
    const { receive, reserve } = hall.calls.inventory
    await receive.mutate({ reference: 'r', lines: [line('A', 5), line('B', 1)] })
    const short = reserve.mutate({ reference: 's', lines: [line('A', 1), line('B', 1), line('B', 1), line('C', 1)] })
    await expect(short).rejects.toMatchObject({
      message: 'Not enough in stock of B, C.',
      ...reason('inventory.out_of_stock'),
    })
    const many = Array.from({ length: 9 }, (_, index) => line(`X${index}`, 1))
    await expect(reserve.mutate({ reference: 's', lines: many })).rejects.toThrow('of X0, X1, X2, X3, X4 and others.')
    expect(await levelsOf(hall, 'A', 'B')).toEqual({ A: [5, 0], B: [1, 0] })
    expect(await hall.sql('select 1 from "inventory".reservations')).toEqual([])
    // A refusal is not remembered: once there is stock, the same reference may ask again.
    await reserve.mutate({ reference: 's', lines: [line('A', 5), line('B', 1)] })
    expect(await levelsOf(hall, 'A', 'B')).toEqual({ A: [5, 5], B: [1, 1] })
    await expectBalance(hall)
  })

  test('a reference has one reservation for ever: the same again is answered as before, another is refused', async () => {
    await using hall = await startTestHall({ modules: ['inventory'], distance })
    const { receive, reserve, release } = hall.calls.inventory
    await receive.mutate({ reference: 'r', lines: [line('A', 9)] })
    const first = await reserve.mutate({ reference: 's', lines: [line('A', 2)] })
    expect(await reserve.mutate({ reference: 's', lines: [line('A', 1), line('A', 1)] })).toEqual(first)
    const other = reserve.mutate({ reference: 's', lines: [line('A', 3)] })
    await expect(other).rejects.toMatchObject(reason('inventory.reference_used'))
    await release.mutate({ reference: 's' })
    const late = reserve.mutate({ reference: 's', lines: [line('A', 2)] })
    await expect(late).rejects.toMatchObject(reason('inventory.reference_used'))
    expect(await levelsOf(hall, 'A')).toEqual({ A: [9, 0] })
    await expectBalance(hall)
  })

  test('a release gives back what was promised, and repeating it is harmless', async () => {
    await using hall = await startTestHall({ modules: ['inventory'], distance })
    const { receive, reserve, release } = hall.calls.inventory
    await receive.mutate({ reference: 'r', lines: [line('A', 3)] })
    await reserve.mutate({ reference: 's', lines: [line('A', 2)] })
    expect(await release.mutate({ reference: 's' })).toEqual({ released: true })
    expect(await release.mutate({ reference: 's' })).toEqual({ released: true })
    expect(await release.mutate({ reference: 'never arrived' })).toEqual({ released: false })
    expect(await levelsOf(hall, 'A')).toEqual({ A: [3, 0] })
    await expectBalance(hall)
  })

  test('of 50 carts that want the last unit exactly one gets it', async () => {
    await using hall = await startTestHall({ modules: ['inventory'], distance })
    const { receive, reserve } = hall.calls.inventory
    await receive.mutate({ reference: 'r', lines: [line('LAST', 1)] })
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, cart) => reserve.mutate({ reference: `${cart}`, lines: [line('LAST', 1)] })),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.data.reason] : []))
    expect(new Set(refusals)).toEqual(new Set(['inventory.out_of_stock']))
    expect(await levelsOf(hall, 'LAST')).toEqual({ LAST: [1, 1] })
    await expectBalance(hall)
  })

  test('carts that want the same SKUs in other orders wait for each other, never in a circle', async () => {
    await using hall = await startTestHall({ modules: ['inventory', 'orders', 'payments', 'fulfilment'], distance })
    const { receive, reserve, release } = hall.calls.inventory
    const skus = Array.from({ length: 12 }, (_, index) => `SKU-${index}`)
    await receive.mutate({ reference: 'r', lines: skus.map((sku) => line(sku, 100)) })
    await Promise.all(
      Array.from({ length: 60 }, async (_, cart) => {
        const turned = [...skus.slice(cart % 12), ...skus.slice(0, cart % 12)]
        const wanted = (cart % 2 === 0 ? turned : turned.toReversed()).slice(0, 8)
        await reserve.mutate({ reference: `${cart}`, lines: wanted.map((sku) => line(sku, 1)) })
        if (cart % 3 === 0) await release.mutate({ reference: `${cart}` })
        if (cart % 3 === 1) await tell(hall, shipped, shippedOf(`${cart}`))
      }),
    )
    await hall.settle()
    await expectBalance(hall)
  })

  test('only staff receive stock', async () => {
    await using hall = await startTestHall({ modules: ['inventory'], distance })
    const refused = hall.as({ kind: 'guest' }).inventory.receive.mutate({ reference: 'r', lines: [line('A', 1)] })
    await expect(refused).rejects.toMatchObject(reason('platform.unauthenticated'))
    expect(await hall.sql('select 1 from "inventory".receipts')).toEqual([])
  })
})
