/** The data transaction log: all that an order caused, across modules, near and far the same, and nothing that is nobody's business. */
import { causesAmong } from '#platform/trace/entries'
import type { TestHall, TestHallOptions } from '#testing/hall'
import { describe, expect, test } from 'vitest'
import { buy, fillCart, openShop, pence, purchaseOf, refused } from './shop.ts'

const mug = [{ sku: 'MUG', quantity: 2 }]
const home = {
  country: 'GB',
  name: 'Ada Planted',
  line1: '12 Planted Street',
  city: 'Plantedham',
  postalCode: 'PL1 4NT',
}

type Trace = Awaited<ReturnType<TestHall['calls']['audit']['trace']['query']>>

const traceOf = ({ calls }: TestHall, about: string): Promise<Trace> => calls.audit.trace.query({ about })

const tell = ({ entries }: Trace): string[] =>
  entries.map(({ module, kind, name, outcome }) => `${module}: ${kind} ${name} ${outcome}`)

/** An order that is bought, paid, sent, and given back in part. */
async function orderWithALife(hall: TestHall): Promise<string> {
  const { checkout } = hall.as({ kind: 'guest' })
  const cart = await fillCart(hall, mug)
  await checkout.setAddress.mutate({ ...cart, address: home })
  const { orderId } = await checkout.complete.mutate(await purchaseOf(hall, cart))
  await hall.settle()
  const { fulfilment, orders } = hall.calls
  await fulfilment.ship.mutate({ orderId, trackingNumber: 'RM1' }, { key: 'the parcel of the test' })
  await hall.settle()
  await orders.refund.mutate(
    { id: orderId, amount: pence(100), reason: 'a scratch' },
    { key: 'the refund of the test' },
  )
  await hall.settle()
  return orderId
}

/** What every such trace tells, each after those before it. */
const life = [
  'checkout: saga checkout.complete done',
  'inventory: call inventory.reserve done',
  'payments: saga payments.authorise done',
  'orders: call orders.place done',
  'orders: event orders.placed announced',
  'payments: job payments.capture done',
  'payments: event payments.captured announced',
  'orders: event orders.paid announced',
  'fulfilment: saga fulfilment.ship done',
  'orders: call orders.beginShipping done',
  'fulfilment: event fulfilment.shipped announced',
  'inventory: job inventory.commitStock done',
  'orders: call orders.refund done',
  'payments: job payments.refund done',
  'payments: event payments.refunded announced',
  'orders: event orders.refunded announced',
]

const within = (lines: readonly string[], wanted: readonly string[]): string[] => {
  let from = 0
  return wanted.filter((line) => {
    const at = lines.indexOf(line, from)
    if (at >= 0) from = at + 1
    return at >= 0
  })
}

const distances: Record<string, TestHallOptions> = {
  near: { distance: 'near' },
  far: { distance: 'far' },
  'orders and inventory out': { out: ['orders', 'inventory'] },
}

describe.each(Object.keys(distances))('%s', (name) => {
  test('an order tells all that it caused, causes before effects, and nothing of the person', async () => {
    await using hall = await openShop('near', distances[name])
    await buy(hall, mug)
    const orderId = await orderWithALife(hall)
    const trace = await traceOf(hall, orderId)
    expect(within(tell(trace), life)).toEqual(life)
    expect(trace).toMatchObject({ isCut: false, missing: [] })
    const causeOf = causesAmong(trace.entries)
    const places = new Map(trace.entries.map((entry, index) => [entry, index]))
    const late = trace.entries.filter((entry) => (places.get(causeOf(entry) ?? entry) ?? 0) > places.get(entry)!)
    expect(late).toEqual([])
    const text = JSON.stringify(trace)
    for (const planted of ['Planted', 'PL1 4NT', 'card_ok']) expect(text).not.toContain(planted)
    // The other order of this hall is another story.
    expect(trace.entries.filter((entry) => entry.name === 'orders.place')).toHaveLength(1)
    expect(trace.entries.filter((entry) => entry.name === 'orders.placed')).toHaveLength(1)
  })
})

test('a checkout that was undone is told by its saga', async () => {
  await using hall = await openShop('near')
  const cart = await fillCart(hall, mug)
  const purchase = await purchaseOf(hall, cart, 'card_declined')
  await expect(hall.as({ kind: 'guest' }).checkout.complete.mutate(purchase)).rejects.toThrow()
  await hall.settle()
  const [saga] = await hall.sql<{ id: string }>(`select id from checkout.sagas where operation = 'checkout.complete'`)
  const told = tell(await traceOf(hall, saga!.id))
  expect(told[0]).toMatch(/^checkout: saga checkout\.complete undone: checkout\.payment_declined/)
  expect(told).toContain('inventory: call inventory.reserve done')
  expect(told).toContain('inventory: call inventory.release done')
})

test('a module that does not answer is named, and the rest is told', async () => {
  await using hall = await openShop('near', { out: ['payments'] })
  const { orderId } = await buy(hall, mug)
  await hall.settle()
  await hall.processes[1]!.close()
  const trace = await traceOf(hall, orderId)
  expect(trace.missing).toEqual(['payments'])
  expect(tell(trace)).toContain('orders: call orders.place done')
})

test('it is for those who may read the audit', async () => {
  await using hall = await openShop('near')
  const { audit } = hall.as({ kind: 'customer', id: 'acc_1' })
  await expect(audit.trace.query({ about: 'ord_1' })).rejects.toMatchObject(refused('platform.forbidden'))
  expect(await traceOf(hall, "'; drop table")).toEqual({ entries: [], isCut: false, missing: [] })
})
