import { startTestHall, type TestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'

const GBP = 'GBP'
const modules = ['orders', 'payments', 'fulfilment', 'reporting'] as const

/** Buys something of the past, as a checkout does once its stock is reserved: authorised, then placed. */
async function buy({ calls }: TestHall, reference: string, { day, amountMinor }: { day: string; amountMinor: number }) {
  const amount = { amountMinor, currency: GBP }
  await calls.payments.authorise.mutate({ reference, amount, source: 'card_ok', valueDay: day })
  const lineId = 'lin_01940000-0000-7000-8000-000000000000'
  const sums = { grossMinor: amountMinor, netMinor: amountMinor, taxMinor: 0 }
  return calls.orders.place.mutate({
    reference,
    currency: GBP,
    address: { country: 'GB' },
    lines: [{ lineId, sku: 'TEA', name: 'tea', quantity: 1, unitPriceMinor: amountMinor, ...sums }],
    grossMinor: amountMinor,
    taxMinor: 0,
    orderedAt: `${day}T12:00:00.000Z`,
  })
}

/** What reporting and the ledger say of each day: orders that count, and the money that was kept or given back of them. */
async function byDay({ calls }: TestHall) {
  const range = { from: '2010-12-01', to: '2010-12-31', currency: GBP }
  const [sales, totals] = await Promise.all([calls.reporting.sales.query(range), calls.payments.totals.query(range)])
  const kept = (day: { grossMinor?: number; capturedMinor?: number; refundedMinor: number }) =>
    (day.grossMinor ?? day.capturedMinor ?? 0) - day.refundedMinor
  return {
    reporting: sales.byDay.map((each) => [each.day, kept(each)]),
    ledger: totals.byDay.map((each) => [each.day, kept(each)]).filter(([, left]) => left !== 0),
  }
}

describe.each(['near', 'far'] as const)('orders, their money and the figures, %s', (distance) => {
  test('agree by the day of the order, whatever was refunded and cancelled since', async () => {
    await using hall = await startTestHall({ modules, distance })
    const { orders } = hall.calls
    const kept = await buy(hall, 'one', { day: '2010-12-01', amountMinor: 1000 })
    const refunded = await buy(hall, 'two', { day: '2010-12-01', amountMinor: 500 })
    const cancelled = await buy(hall, 'three', { day: '2010-12-02', amountMinor: 300 })
    const both = await buy(hall, 'five', { day: '2010-12-02', amountMinor: 700 })
    const early = await buy(hall, 'four', { day: '2010-12-03', amountMinor: 200 })
    // Cancelled before anything was captured: its capture was on its way.
    await orders.cancel.mutate({ id: early.orderId })
    await hall.settle()
    expect(await orders.get.query({ id: kept.orderId })).toMatchObject({ state: 'paid', capturedMinor: 1000 })
    const amount = { amountMinor: 120, currency: GBP }
    await orders.refund.mutate({ id: refunded.orderId, amount, reason: 'a broken cup' })
    await orders.refund.mutate({ id: refunded.orderId, amount, reason: 'and another' })
    await orders.cancel.mutate({ id: cancelled.orderId })
    // A refund on its way is a part of what the cancellation gives back, whichever payments does first.
    await orders.refund.mutate({ id: both.orderId, amount, reason: 'a broken cup' })
    await orders.cancel.mutate({ id: both.orderId })
    await hall.settle()
    expect(await orders.get.query({ id: both.orderId })).toMatchObject({ capturedMinor: 700, refundedMinor: 700 })
    expect(await orders.get.query({ id: refunded.orderId })).toMatchObject({ state: 'paid', refundedMinor: 240 })
    expect(await orders.get.query({ id: cancelled.orderId })).toMatchObject({
      state: 'cancelled',
      capturedMinor: 300,
      refundedMinor: 300,
    })
    const { state, capturedMinor, refundedMinor } = await orders.get.query({ id: early.orderId })
    expect({ state, left: capturedMinor - refundedMinor }).toEqual({ state: 'cancelled', left: 0 })
    expect(await byDay(hall)).toEqual({ reporting: [['2010-12-01', 1260]], ledger: [['2010-12-01', 1260]] })
    expect(await hall.sql('select reason from orders.parked union all select reason from reporting.parked')).toEqual([])
  })
})

test('where money is captured on shipping, an order is paid by the parcel that leaves', async () => {
  await using hall = await startTestHall({ modules, env: { CAPTURE_ON: 'shipping' } })
  const { orders, fulfilment } = hall.calls
  const { orderId } = await buy(hall, 'one', { day: '2010-12-01', amountMinor: 1000 })
  const kept = await buy(hall, 'two', { day: '2010-12-01', amountMinor: 500 })
  await hall.settle()
  expect(await orders.get.query({ id: orderId })).toMatchObject({ state: 'placed', capturedMinor: 0 })
  await fulfilment.ship.mutate({ orderId, carrier: 'Royal Mail', trackingNumber: 'RM 1' })
  await orders.cancel.mutate({ id: kept.orderId })
  await hall.settle()
  expect(await orders.get.query({ id: orderId })).toMatchObject({
    state: 'shipped',
    capturedMinor: 1000,
    carrier: 'Royal Mail',
    trackingNumber: 'RM 1',
    history: [{ what: 'placed' }, { what: 'shipping' }, { what: 'shipped' }, { what: 'captured' }, { what: 'paid' }],
  })
  expect(await orders.get.query({ id: kept.orderId })).toMatchObject({ state: 'cancelled', capturedMinor: 0 })
  await expect(fulfilment.ship.mutate({ orderId: kept.orderId })).rejects.toMatchObject({
    data: { code: 'CONFLICT', reason: 'orders.cancelled' },
  })
  expect(await byDay(hall)).toEqual({ reporting: [['2010-12-01', 1000]], ledger: [['2010-12-01', 1000]] })
})
