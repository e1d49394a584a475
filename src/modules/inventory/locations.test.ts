/** Stock at several locations, and what leaves them. */
import { shipped } from '#modules/fulfilment'
import { orderCancelled } from '#modules/orders'
import { startTestHall, type TestHall } from '#testing/hall'
import { tell } from '#testing/tell'
import { describe, expect, test } from 'vitest'
import { cancelledOf, expectBalance, expireHolds, line, shippedOf } from './testing/stock.ts'

const reason = (name: string) => ({ data: { reason: name } })
const heard = ['inventory', 'orders', 'payments', 'fulfilment'] as const

/** Four units in `main`, then three in `attic`, then two in `barn`; of B only one, in `barn`. */
async function open(distance: 'near' | 'far' = 'near'): Promise<TestHall> {
  const hall = await startTestHall({ modules: [...heard], distance })
  const { saveLocation, receive } = hall.calls.inventory
  await saveLocation.mutate({ code: 'barn', name: 'Barn', priority: 9 })
  await saveLocation.mutate({ code: 'attic', name: 'Attic', priority: 5 })
  await receive.mutate({ reference: 'm', lines: [line('A', 4)] })
  await receive.mutate({ reference: 'b', location: 'barn', lines: [line('A', 2), line('B', 1)] })
  await receive.mutate({ reference: 'a', location: 'attic', lines: [line('A', 3)] })
  return hall
}

/** By location: on-hand, reserved and held units of A. */
async function stockOf(hall: TestHall) {
  const { levels } = await hall.calls.inventory.levels.query({ skus: ['A'] })
  return levels[0]!.locations.map(({ location, onHand, reserved, held }) => [location, onHand, reserved, held])
}

describe.each(['near', 'far'] as const)('locations, %s', (distance) => {
  test('locations are listed as stock is taken from them, and stock is received at those that are known', async () => {
    await using hall = await open(distance)
    const { saveLocation, listLocations, receive, levels } = hall.calls.inventory
    const codes = async () => (await listLocations.query({})).locations.map(({ code }) => code)
    expect(await codes()).toEqual(['main', 'attic', 'barn'])
    // What is not said stays as it is.
    const renamed = await saveLocation.mutate({ code: 'attic', name: 'Loft' })
    expect(renamed).toEqual({ code: 'attic', name: 'Loft', priority: 5 })
    await saveLocation.mutate({ code: 'main', name: 'Main', priority: 7 })
    expect(await codes()).toEqual(['attic', 'main', 'barn'])
    const nowhere = receive.mutate({ reference: 'x', location: 'cellar', lines: [line('A', 1)] })
    await expect(nowhere).rejects.toMatchObject(reason('inventory.unknown_location'))
    expect(await receive.mutate({ reference: 'x', lines: [line('A', 1)] })).toEqual({ received: true, units: 1 })
    expect(await levels.query({ skus: ['A', 'B'] })).toMatchObject({
      levels: [
        { sku: 'A', onHand: 10, available: 10 },
        { sku: 'B', onHand: 1, available: 1, locations: [{ location: 'barn' }] },
      ],
    })
    await expectBalance(hall)
  })

  test('stock is taken from the lowest priority first, and a line is split where one has too little', async () => {
    await using hall = await open(distance)
    const { reserve, release, hold } = hall.calls.inventory
    await reserve.mutate({ reference: 's', lines: [line('A', 5), line('B', 1)] })
    expect(await stockOf(hall)).toEqual([
      ['main', 4, 4, 0],
      ['attic', 3, 1, 0],
      ['barn', 2, 0, 0],
    ])
    await hold.mutate({ reference: 'c', lines: [line('A', 3)], minutes: 15 })
    expect(await stockOf(hall)).toEqual([
      ['main', 4, 4, 0],
      ['attic', 3, 1, 2],
      ['barn', 2, 0, 1],
    ])
    await release.mutate({ reference: 's' })
    // What is held goes where it would be taken now.
    const again = { reference: 't', lines: [line('A', 7)] }
    await expect(reserve.mutate(again)).rejects.toMatchObject(reason('inventory.out_of_stock'))
    await reserve.mutate({ ...again, hold: 'c' })
    expect(await reserve.mutate({ ...again, lines: [line('A', 3), line('A', 4)] })).toMatchObject({})
    expect(await stockOf(hall)).toEqual([
      ['main', 4, 4, 0],
      ['attic', 3, 3, 0],
      ['barn', 2, 0, 0],
    ])
    await expectBalance(hall)
  })

  test('expired holds of several locations make room at once', async () => {
    await using hall = await open(distance)
    const { reserve, hold } = hall.calls.inventory
    await hold.mutate({ reference: 'c', lines: [line('A', 8)], minutes: 15 })
    await expireHolds(hall)
    await reserve.mutate({ reference: 's', lines: [line('A', 9)] })
    await expectBalance(hall)
  })

  test('units leave where they were promised once the goods have, once however often it is told', async () => {
    await using hall = await open(distance)
    await hall.calls.inventory.reserve.mutate({ reference: 's', lines: [line('A', 5)] })
    await tell(hall, shipped, shippedOf('s'))
    // Nothing of this order was in stock.
    await tell(hall, shipped, shippedOf('services only'))
    await hall.settle()
    const left = [
      ['main', 0, 0, 0],
      ['attic', 2, 0, 0],
      ['barn', 2, 0, 0],
    ]
    expect(await stockOf(hall)).toEqual(left)
    await hall.sql('update "inventory".cursors set position = 0')
    await hall.settle()
    expect(await stockOf(hall)).toEqual(left)
    const late = hall.calls.inventory.release.mutate({ reference: 's' })
    await expect(late).rejects.toMatchObject(reason('inventory.already_committed'))
    expect(
      await hall.sql(
        `select location, delta::int as delta from "inventory".stock_ledger where kind = 'commit' order by delta`,
      ),
    ).toEqual([
      { location: 'main', delta: -4 },
      { location: 'attic', delta: -1 },
    ])
    await expectBalance(hall)
  })

  test('a cancelled order’s units are free again, once however often it is told', async () => {
    await using hall = await open(distance)
    const { reserve, release } = hall.calls.inventory
    await reserve.mutate({ reference: 's', lines: [line('A', 5)] })
    await reserve.mutate({ reference: 't', lines: [line('A', 1)] })
    await tell(hall, orderCancelled, cancelledOf('s'))
    await tell(hall, orderCancelled, cancelledOf('services only'))
    await hall.settle()
    await hall.sql('update "inventory".cursors set position = 0')
    await hall.settle()
    const { levels } = await hall.calls.inventory.levels.query({ skus: ['A'] })
    expect(levels).toMatchObject([{ onHand: 9, reserved: 1, available: 8 }])
    expect(await release.mutate({ reference: 's' })).toEqual({ released: true })
    await expectBalance(hall)
  })
})

test('many orders that leave at once lock what they share in one order', async () => {
  await using hall = await startTestHall({ modules: [...heard] })
  const { receive, reserve } = hall.calls.inventory
  const skus = Array.from({ length: 8 }, (_, index) => `SKU-${index}`)
  await receive.mutate({ reference: 'r', lines: skus.map((sku) => line(sku, 200)) })
  const referencesOf = (from: string) => Array.from({ length: 40 }, (_, index) => `${from}${index}`)
  const reserveSome = (references: string[]) =>
    references.map((reference, index) =>
      reserve.mutate({ reference, lines: [0, 3, 5].map((step) => line(skus[(index + step) % 8]!, 1)) }),
    )
  await Promise.all(reserveSome(referencesOf('early')))
  for (const [index, reference] of referencesOf('early').entries()) {
    if (index % 2 === 0) await tell(hall, shipped, shippedOf(reference))
    else await tell(hall, orderCancelled, cancelledOf(reference))
  }
  await Promise.all([hall.settle(), ...reserveSome(referencesOf('late'))])
  await hall.settle()
  const states = await hall.sql(
    'select state, count(*)::int as count from "inventory".reservations group by state order by state',
  )
  expect(states).toEqual([
    { state: 'committed', count: 20 },
    { state: 'open', count: 40 },
    { state: 'released', count: 20 },
  ])
  // No job had to be tried twice: nothing was locked in a circle.
  expect(await hall.sql('select 1 from "inventory".jobs where attempts > 1')).toEqual([])
  await expectBalance(hall)
})

test('goods that leave although their stock was released are left to a person', async () => {
  await using hall = await startTestHall({ modules: [...heard] })
  const { receive, reserve, release } = hall.calls.inventory
  await receive.mutate({ reference: 'r', lines: [line('A', 1)] })
  await reserve.mutate({ reference: 's', lines: [line('A', 1)] })
  await release.mutate({ reference: 's' })
  await tell(hall, shipped, shippedOf('s'))
  await hall.processes[0]!.round({ resumeSagas: true })
  await hall.processes[0]!.round({ resumeSagas: true })
  const [job] = await hall.sql(`select state, error from "inventory".jobs`)
  expect(job).toMatchObject({ state: 'failed', error: expect.stringContaining('s is released') as unknown })
  await expectBalance(hall)
})
