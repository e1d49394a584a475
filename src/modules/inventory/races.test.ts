/** Stock under many hands: whatever comes first, no unit is promised twice, and none is lost. */
import { startTestHall, type TestHall } from '#testing/hall'
import { expect, test } from 'vitest'
import { expectBalance, expireHolds, line } from './testing/stock.ts'

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
    const { refusals } = await settled(
      carts(10).flatMap((cart, index) => [
        reserve.mutate({ reference: `own-${round}-${cart}`, lines: [line('A', 1)], hold: cart }),
        reserve.mutate({ reference: `other-${round}-${cart}`, lines: [line('A', 1)] }),
        index % 2 === 0
          ? hold.mutate({ reference: cart, lines: [line('A', 1)], minutes })
          : endHold.mutate({ reference: cart }),
      ]),
    )
    expect(refusals.filter((name) => name !== 'inventory.out_of_stock')).toEqual([])
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
