/** Holds: stock that is kept for carts for a while, by one cart instead of another, never twice. */
import { JobContext } from '#platform/calls/contexts'
import { jobContext } from '#platform/events/run-job'
import { startTestHall, type TestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'
import { expectBalance, expireHolds, line } from '../testing/stock.ts'

const reason = (name: string) => ({ data: { reason: name } })
const outOfStock = reason('inventory.out_of_stock')

/** Five units of A and two of B. */
async function open(distance: 'near' | 'far' = 'near'): Promise<TestHall> {
  const hall = await startTestHall({ modules: ['inventory'], distance })
  await hall.calls.inventory.receive.mutate({ reference: 'r', lines: [line('A', 5), line('B', 2)] })
  return hall
}

async function levelsOf(hall: TestHall) {
  const { levels } = await hall.calls.inventory.levels.query({ skus: ['A', 'B'] })
  return levels.map(({ sku, onHand, reserved, held, available }) => [sku, onHand, reserved, held, available])
}

/** Does what the schedule does. */
function runSweep(hall: TestHall): Promise<Record<string, number>> {
  const { runtime, assembly } = hall.processes[0]!.hosted.get('inventory')!
  const call = { actor: { kind: 'system', id: 'inventory' }, requestId: 'sweep', key: undefined } as const
  return assembly.schedules![0]!.run(new JobContext(runtime, jobContext(runtime, call)))
}

describe.each(['near', 'far'] as const)('holds, %s', (distance) => {
  test('a hold keeps its lines from others, all or none, until it is ended', async () => {
    await using hall = await open(distance)
    const { hold, endHold, reserve } = hall.calls.inventory
    const { expiresAt } = await hold.mutate({ reference: 'c', lines: [line('A', 3), line('a', 1)], minutes: 15 })
    expect(new Date(expiresAt).toISOString()).toBe(expiresAt)
    expect(await levelsOf(hall)).toEqual([
      ['A', 5, 0, 4, 1],
      ['B', 2, 0, 0, 2],
    ])
    const more = { reference: 'd', lines: [line('B', 1), line('A', 2)] }
    await expect(hold.mutate({ ...more, minutes: 15 })).rejects.toMatchObject(outOfStock)
    await expect(reserve.mutate(more)).rejects.toMatchObject(outOfStock)
    expect(await hall.sql('select reference from "inventory".holds')).toEqual([{ reference: 'c' }])
    expect(await endHold.mutate({ reference: 'c' })).toEqual({ ended: true })
    expect(await endHold.mutate({ reference: 'c' })).toEqual({ ended: false })
    await reserve.mutate(more)
    expect(await levelsOf(hall)).toEqual([
      ['A', 5, 2, 0, 3],
      ['B', 2, 1, 0, 1],
    ])
    await expectBalance(hall)
  })

  test('the same reference again replaces what it held; refused, it leaves that as it is', async () => {
    await using hall = await open(distance)
    const { hold } = hall.calls.inventory
    const keep = (...lines: { sku: string; quantity: number }[]) => hold.mutate({ reference: 'c', lines, minutes: 15 })
    await keep(line('A', 4))
    await keep(line('A', 5), line('B', 1))
    await expect(keep(line('A', 1), line('B', 3))).rejects.toMatchObject(outOfStock)
    expect(await levelsOf(hall)).toEqual([
      ['A', 5, 0, 5, 0],
      ['B', 2, 0, 1, 1],
    ])
    await keep(line('B', 2))
    expect(await levelsOf(hall)).toEqual([
      ['A', 5, 0, 0, 5],
      ['B', 2, 0, 2, 0],
    ])
    await expectBalance(hall)
  })

  test('a reservation gives its hold up, also one that has expired, and a refused one keeps it', async () => {
    await using hall = await open(distance)
    const { hold, reserve } = hall.calls.inventory
    await hold.mutate({ reference: 'c', lines: [line('A', 4), line('B', 2)], minutes: 15 })
    const tooMuch = reserve.mutate({ reference: 's', lines: [line('A', 6)], hold: 'c' })
    await expect(tooMuch).rejects.toMatchObject(outOfStock)
    expect(await levelsOf(hall)).toEqual([
      ['A', 5, 0, 4, 1],
      ['B', 2, 0, 2, 0],
    ])
    const wanted = { reference: 's', lines: [line('A', 5)], hold: 'c' }
    const first = await reserve.mutate(wanted)
    expect(await reserve.mutate(wanted)).toEqual(first)
    expect(await levelsOf(hall)).toEqual([
      ['A', 5, 5, 0, 0],
      ['B', 2, 0, 0, 2],
    ])
    await hold.mutate({ reference: 'c', lines: [line('B', 2)], minutes: 15 })
    // The reference has its reservation: the hold that came after it is none of its business.
    expect(await reserve.mutate(wanted)).toEqual(first)
    await expireHolds(hall)
    await reserve.mutate({ reference: 't', lines: [line('B', 2)], hold: 'c' })
    expect(await hall.sql('select 1 from "inventory".holds')).toEqual([])
    await expectBalance(hall)
  })

  test('an expired hold is in nobody’s way, even before it is swept', async () => {
    await using hall = await open(distance)
    const { hold, reserve } = hall.calls.inventory
    await hold.mutate({ reference: 'c', lines: [line('A', 5), line('B', 2)], minutes: 15 })
    await expireHolds(hall)
    expect(await levelsOf(hall)).toEqual([
      ['A', 5, 0, 0, 5],
      ['B', 2, 0, 0, 2],
    ])
    await hold.mutate({ reference: 'd', lines: [line('A', 3)], minutes: 15 })
    await expectBalance(hall)
    await reserve.mutate({ reference: 's', lines: [line('A', 2), line('B', 1)] })
    expect(await levelsOf(hall)).toEqual([
      ['A', 5, 2, 3, 0],
      ['B', 2, 1, 0, 1],
    ])
    await expectBalance(hall)
    await expect(reserve.mutate({ reference: 't', lines: [line('A', 1)] })).rejects.toMatchObject(outOfStock)
  })

  test('no one outside holds stock', async () => {
    await using hall = await open(distance)
    const url = `${hall.url}/trpc/inventory.hold`
    const body = JSON.stringify({ reference: 'c', lines: [line('A', 1)], minutes: 15 })
    const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
    expect([401, 403, 404]).toContain(answer.status)
    expect(await hall.sql('select 1 from "inventory".holds')).toEqual([])
  })
})

test('the sweep ends what has expired and nothing else, and finds nothing the second time', async () => {
  await using hall = await open()
  const { hold, reserve } = hall.calls.inventory
  await hold.mutate({ reference: 'c', lines: [line('A', 2), line('B', 1)], minutes: 15 })
  await hold.mutate({ reference: 'd', lines: [line('A', 1)], minutes: 15 })
  await expireHolds(hall)
  await hold.mutate({ reference: 'e', lines: [line('A', 1)], minutes: 15 })
  // Others had a use for what `c` kept of B.
  await reserve.mutate({ reference: 's', lines: [line('B', 2)] })
  expect(await runSweep(hall)).toEqual({ holds: 2, units: 3 })
  expect(await runSweep(hall)).toEqual({ holds: 0, units: 0 })
  expect(await hall.sql('select reference from "inventory".holds')).toEqual([{ reference: 'e' }])
  expect(await hall.sql('select sku, held::int as held from "inventory".stock order by sku')).toEqual([
    { sku: 'A', held: 1 },
    { sku: 'B', held: 0 },
  ])
  await expectBalance(hall)
})
