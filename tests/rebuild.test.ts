/** What is made of events is made again from the journals, and is the same to the byte; what is not made of them is refused. */
import { rebuildHandlers } from '#platform/operate/rebuilds'
import type { Distance, TestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'
import { figuresOf, hasCopy, namesOf } from './rebuilds/figures.ts'
import { buy, expectWhole, openShop, pence, refused } from './shop.ts'

const mug = [{ sku: 'MUG', quantity: 1 }]
const clerk = { kind: 'staff' as const, id: 'acc_clerk', permissions: ['reporting:read'] }

/** Placed, cancelled, partly given back, cancelled after that: all that becomes of orders. */
async function sell(hall: TestHall): Promise<string[]> {
  const orders = []
  for (let number = 1; number <= 4; number += 1) orders.push(await buy(hall, [...mug, { sku: 'POST', quantity: 1 }]))
  await hall.settle()
  const [, cancelled, refunded, both] = orders.map(({ orderId }) => orderId)
  const giveBack = (id: string) => hall.calls.orders.refund.mutate({ id, amount: pence(100), reason: 'a broken cup' })
  for (const id of [refunded!, both!]) await giveBack(id)
  await hall.settle()
  for (const id of [cancelled!, both!]) await hall.calls.orders.cancel.mutate({ id, reason: 'changed my mind' })
  await hall.settle()
  return orders.map(({ orderId }) => orderId)
}

/** Begins a rebuild, lets it come to its end, and shows it. */
async function rebuild(hall: TestHall, input: { dryRun?: boolean } = {}) {
  const { id } = await hall.calls.reporting.rebuild.mutate(input)
  await hall.settle()
  return hall.calls.reporting.rebuildShow.query({ id })
}

describe.each<Distance>(['near', 'far'])('%s', (distance) => {
  test('the same rows come of it, byte for byte, under the same names, and the hall goes on with them', async () => {
    await using hall = await openShop(distance)
    await sell(hall)
    const [figures, names] = [await figuresOf(hall.sql), await namesOf(hall.sql)]
    expect(figures.length).toBeGreaterThan(6)
    const { id, applied, total, ...made } = await rebuild(hall)
    expect(made).toMatchObject({ state: 'swapped', dryRun: false, differences: [], failure: null })
    expect({ applied }).toEqual({ applied: total })
    expect(total).toBeGreaterThan(8)
    expect(await hall.calls.reporting.rebuildShow.query({})).toMatchObject({ id })
    expect(await figuresOf(hall.sql)).toEqual(figures)
    expect(await namesOf(hall.sql)).toEqual(names)
    expect(await hasCopy(hall.sql)).toBe(false)
    const { orderId } = await buy(hall, mug)
    await hall.settle()
    await hall.calls.orders.cancel.mutate({ id: orderId, reason: 'changed my mind' })
    await expectWhole(hall)
    // And once more, of what a rebuild has left.
    const later = await figuresOf(hall.sql)
    expect(await rebuild(hall)).toMatchObject({ state: 'swapped' })
    expect(await figuresOf(hall.sql)).toEqual(later)
  })

  test('a table that was damaged is told of by a dry run, which changes nothing, and mended by a rebuild', async () => {
    await using hall = await openShop(distance)
    const [placed] = await sell(hall)
    const figures = await figuresOf(hall.sql)
    expect(await rebuild(hall, { dryRun: true })).toMatchObject({ state: 'compared', dryRun: true, differences: [] })
    await hall.sql(`delete from reporting.sold_orders where order_id = $1`, [placed])
    await hall.sql(`update reporting.sales_by_day set gross_minor = gross_minor + 1`)
    const damaged = await figuresOf(hall.sql)
    const { state, differences } = await rebuild(hall, { dryRun: true })
    expect(state).toBe('compared')
    const none = { rows: 0, samples: [] }
    expect(differences).toEqual([
      {
        table: 'sales_by_day',
        onlyLive: { rows: 1, samples: [expect.stringContaining('"gross_minor"')] },
        onlyRebuilt: { rows: 1, samples: [expect.stringContaining('"gross_minor"')] },
      },
      {
        table: 'sold_orders',
        onlyLive: none,
        onlyRebuilt: { rows: 1, samples: [expect.stringContaining(placed!)] },
      },
    ])
    expect(await figuresOf(hall.sql)).toEqual(damaged)
    expect(await hasCopy(hall.sql)).toBe(false)
    expect(await rebuild(hall)).toMatchObject({ state: 'swapped' })
    expect(await figuresOf(hall.sql)).toEqual(figures)
    await expectWhole(hall)
  })

  test('who may not, what is not made of events, a second at once, and an unknown one are refused', async () => {
    await using hall = await openShop(distance)
    const reasons = new Map<string, string>()
    for (const module of ['audit', 'catalog', 'checkout', 'fulfilment', 'inventory', 'orders', 'payments'] as const) {
      const asked = hall.calls[module].rebuild.mutate({})
      await expect(asked).rejects.toMatchObject(refused('platform.not_rebuildable'))
      await asked.catch(({ message }: Error) => reasons.set(module, message))
    }
    expect(reasons.get('audit')).toMatch(/^audit cannot be rebuilt: its chain keeps in which order/)
    expect(reasons.get('inventory')).toContain('commands and jobs write its tables too')
    expect(reasons.get('catalog')).toContain('it listens to nobody')
    await expect(hall.calls.reporting.rebuildShow.query({})).rejects.toMatchObject(refused('platform.unknown_rebuild'))
    const { reporting } = hall.as(clerk)
    await expect(reporting.rebuild.mutate({})).rejects.toMatchObject(refused('platform.forbidden'))
    await expect(reporting.rebuildShow.query({})).rejects.toMatchObject(refused('platform.forbidden'))
    for (const input of [{ dryRun: 'yes' }, { module: 'audit' }, null])
      await expect(hall.calls.reporting.rebuild.mutate(input as never)).rejects.toMatchObject(
        refused('platform.invalid_input'),
      )
    const begun = await hall.calls.reporting.rebuild.mutate({}, { key: 'a rebuild' })
    expect(await hall.calls.reporting.rebuild.mutate({}, { key: 'a rebuild' })).toEqual(begun)
    const second = hall.calls.reporting.rebuild.mutate({ dryRun: true })
    await expect(second).rejects.toMatchObject(refused('platform.rebuilding'))
    await expect(second).rejects.toThrow(begun.id)
    const unknown = hall.calls.reporting.rebuildShow.query({ id: 'reb_1' })
    await expect(unknown).rejects.toMatchObject(refused('platform.unknown_rebuild'))
    await hall.settle()
    expect(await hall.calls.reporting.rebuildShow.query(begun)).toMatchObject({ state: 'swapped' })
    const { entries } = await hall.calls.audit.list.query({ limit: 100 })
    const told = entries.filter(({ operation }) => operation === 'reporting.rebuild')
    expect(told.map((entry) => entry.refused)).toEqual(['platform.rebuilding', null, 'platform.forbidden'])
    expect(entries).toContainEqual(
      expect.objectContaining({ operation: 'orders.rebuild', refused: 'platform.not_rebuildable' }),
    )
  })

  test('an event that fails is parked, and stands in what is parked; tried again, the same rows come of it', async () => {
    await using hall = await openShop(distance)
    const [placed, cancelled] = await sell(hall)
    const figures = await figuresOf(hall.sql)
    // What the live listener could read, and this one cannot.
    const spoil = `update orders.journal set fact = fact - 'currency' where key = $1 and name = 'orders.placed'`
    await hall.sql(spoil, [cancelled])
    const { differences } = await rebuild(hall, { dryRun: true })
    const ofTable = (name: string) => differences.find(({ table }) => table === name)
    expect(ofTable('sold_orders')).toMatchObject({ onlyLive: { rows: 1 }, onlyRebuilt: { rows: 0 } })
    expect(ofTable('parked')!.onlyRebuilt.samples[0]).toMatch(/^"event:orders:\d:\d+"$/)
    expect(await hall.sql('select 1 from reporting.parked')).toEqual([])
    expect(await rebuild(hall)).toMatchObject({ state: 'swapped' })
    expect((await figuresOf(hall.sql)).filter((row) => row.includes(cancelled!))).toEqual([])
    expect((await figuresOf(hall.sql)).filter((row) => row.includes(placed!))).toHaveLength(1)
    const { dead } = await hall.calls.reporting.deadList.query({})
    expect(dead).toMatchObject([{ name: 'orders.placed', key: cancelled, attempts: 4 }])
    expect(dead[0]!.behind).toBeGreaterThan(0)
    const mend = `update reporting.parked set event = jsonb_set(event, '{fact}', to_jsonb(jsonb_set((event->>'fact')::jsonb, '{currency}', '"GBP"')::text))
      where event->>'name' = 'orders.placed'`
    await hall.sql(mend)
    expect(await hall.calls.reporting.deadRetry.mutate({ id: dead[0]!.id })).toMatchObject({ failedAgain: null })
    expect(await figuresOf(hall.sql)).toEqual(figures)
  })
})

test('what was parked, and even what was given up, is applied where its cause is gone', async () => {
  await using hall = await openShop('near')
  await hall.sql(`alter table reporting.sold_orders add constraint poison check (not is_cancelled) not valid`)
  await sell(hall)
  const [first, second] = (await hall.calls.reporting.deadList.query({})).dead
  await hall.calls.reporting.deadSkip.mutate({ id: first!.id, because: 'Counted by hand.' })
  expect((await hall.calls.reporting.deadList.query({})).dead.map(({ id }) => id)).toEqual([second!.id])
  // The constraint belongs to the old tables, and goes with them.
  expect(await rebuild(hall)).toMatchObject({ state: 'swapped' })
  expect(await hall.calls.reporting.deadList.query({})).toEqual({ dead: [] })
  const cancelled = `select count(*)::int as count from reporting.sold_orders where is_cancelled`
  expect(await hall.sql(cancelled)).toEqual([{ count: 2 }])
  await expectWhole(hall)
})

test('every module that listens says whether it can be rebuilt, and what it says is looked at', async () => {
  await using hall = await openShop('near')
  const { hosted } = hall.processes[0]!
  const said = [...hosted.values()].map(({ runtime, assembly: { listeners = [], rebuild: says } }) => ({
    module: runtime.name,
    listens: listeners.length > 0,
    says: says !== undefined,
  }))
  expect(said.filter(({ listens, says }) => listens !== says)).toEqual([])
  expect(said.filter(({ says }) => says)).toHaveLength(5)
  // One that writes by other ways too would lose what these have written.
  const { runtime, assembly } = hosted.get('inventory')!
  const { runtime: reporting, assembly: good } = hosted.get('reporting')!
  const claims = { ...assembly, listeners: assembly.listeners!, rebuild: 'from events' as const }
  expect(() => rebuildHandlers(runtime, claims)).toThrow(
    /has other ways to write: .*receive, .*inventory\.commitStock, .*sweep holds/,
  )
  expect(() => rebuildHandlers(reporting, good)).not.toThrow()
})
