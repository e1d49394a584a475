/** What payments and fulfilment tell of an order, and what is asked of payments for it. */
import { shipped } from '#modules/fulfilment'
import { paymentCaptured, paymentRefunded, paymentRefused } from '#modules/payments'
import { startTestHall, type TestHall } from '#testing/hall'
import { tell } from '#testing/tell'
import { describe, expect, test } from 'vitest'
import { idOf, orderOf, requestsOf } from './testing/orders.ts'

const GBP = 'GBP'
const pounds = (amountMinor: number, currency = GBP) => ({ amountMinor, currency })

type Amount = { amountMinor: number; version: number; currency?: string }

/** All that is told of the payment of one reference has the key of one payment. */
const paymentOf = (reference: string, { amountMinor, version, currency = GBP }: Amount) => ({
  paymentId: idOf('pay', Number.parseInt(reference, 36) % 1_000_000),
  reference,
  version,
  amountMinor,
  currency,
})
const captured = async (hall: TestHall, reference: string, amount: Amount) =>
  tell(hall, paymentCaptured, paymentOf(reference, amount))
const refunded = async (hall: TestHall, reference: string, amount: Amount) =>
  tell(hall, paymentRefunded, paymentOf(reference, amount))
const turnedDown = async (
  hall: TestHall,
  reference: string,
  { kind, ...amount }: Amount & { kind: 'capture' | 'void' | 'refund' },
) => tell(hall, paymentRefused, { ...paymentOf(reference, amount), kind })
const hasShipped = (hall: TestHall, { orderId, reference }: { orderId: string; reference: string }) =>
  tell(hall, shipped, {
    shipmentId: idOf('shp', 1),
    version: 2,
    orderId,
    reference,
    carrier: 'Royal Mail',
    trackingNumber: 'RM 1',
    shippedAt: '2026-01-03T00:00:00.000Z',
  })

/** What orders announced of an order, the audit aside. */
const announced = (hall: TestHall, orderId: string) =>
  hall.sql(`select name, version::int as version from orders.journal where key = $1 order by version, name`, [orderId])

const parked = (hall: TestHall) => hall.sql('select reason from orders.parked order by position')

/** Makes orders read all that payments and fulfilment ever told again. */
async function readAgain(hall: TestHall): Promise<void> {
  await hall.sql('update orders.cursors set position = 0')
  await hall.settle()
}

describe.each(['near', 'far'] as const)('the money of orders, %s', (distance) => {
  // Captured on shipping, so that nothing but what a test tells is captured.
  const open = () =>
    startTestHall({ modules: ['orders', 'payments', 'fulfilment'], distance, env: { CAPTURE_ON: 'shipping' } })

  test('an order is paid once all of it was captured, in pieces too; told again, nothing changes', async () => {
    await using hall = await open()
    const { orders } = hall.calls
    const { orderId: id } = await orders.place.mutate(orderOf('one', 2))
    await captured(hall, 'one', { amountMinor: 100, version: 2 })
    await hall.settle()
    expect(await orders.get.query({ id })).toMatchObject({ state: 'placed', capturedMinor: 100 })
    await captured(hall, 'one', { amountMinor: 140, version: 3 })
    await hall.settle()
    const paid = await orders.get.query({ id })
    expect(paid).toMatchObject({
      state: 'paid',
      capturedMinor: 240,
      history: [
        { what: 'placed', amountMinor: null },
        { what: 'captured', amountMinor: 100 },
        { what: 'captured', amountMinor: 140 },
        { what: 'paid', amountMinor: null },
      ],
    })
    await readAgain(hall)
    expect(await orders.get.query({ id })).toEqual(paid)
    expect(await announced(hall, id)).toEqual([
      { name: 'orders.placed', version: 1 },
      { name: 'orders.paid', version: 4 },
    ])
    expect(await parked(hall)).toEqual([])
  })

  test('what was given back is added up once, and told', async () => {
    await using hall = await open()
    const { orders } = hall.calls
    const { orderId: id } = await orders.place.mutate(orderOf('one', 2))
    await captured(hall, 'one', { amountMinor: 240, version: 2 })
    await refunded(hall, 'one', { amountMinor: 40, version: 3 })
    await refunded(hall, 'one', { amountMinor: 40, version: 4 })
    await hall.settle()
    expect(await orders.get.query({ id })).toMatchObject({ state: 'paid', capturedMinor: 240, refundedMinor: 80 })
    await readAgain(hall)
    expect(await orders.get.query({ id })).toMatchObject({ state: 'paid', capturedMinor: 240, refundedMinor: 80 })
    const told = await hall.sql(`select fact from orders.journal where name = 'orders.refunded' order by version`)
    expect(told).toMatchObject([
      { fact: { orderId: id, amountMinor: 40, version: 4, grossMinor: 240, country: 'GB' } },
      { fact: { orderId: id, amountMinor: 40, version: 5 } },
    ])
    // What was given back without being asked for here can not be asked for again.
    await expect(orders.refund.mutate({ id, amount: pounds(161), reason: 'broken' })).rejects.toMatchObject({
      data: { reason: 'orders.refund_too_much' },
    })
  })

  test('what the provider refuses stands in the history, and may be asked for again', async () => {
    await using hall = await open()
    const { orders } = hall.calls
    const { orderId: id } = await orders.place.mutate(orderOf('one', 2))
    await orders.capture.mutate({ id, amount: pounds(240) })
    await turnedDown(hall, 'one', { kind: 'capture', amountMinor: 240, version: 2 })
    await hall.settle()
    await orders.capture.mutate({ id, amount: pounds(240) })
    await captured(hall, 'one', { amountMinor: 240, version: 3 })
    await hall.settle()
    await orders.refund.mutate({ id, amount: pounds(200), reason: 'broken' })
    await turnedDown(hall, 'one', { kind: 'refund', amountMinor: 200, version: 4 })
    await hall.settle()
    await readAgain(hall)
    expect(await orders.refund.mutate({ id, amount: pounds(240), reason: 'again' })).toEqual({
      id,
      requestedMinor: 240,
    })
    const { history, ...order } = await orders.get.query({ id })
    expect(order).toMatchObject({ state: 'paid', capturedMinor: 240, refundedMinor: 0 })
    expect(history.map(({ what, amountMinor }) => [what, amountMinor])).toEqual([
      ['placed', null],
      ['capture_requested', 240],
      ['capture_refused', 240],
      ['capture_requested', 240],
      ['captured', 240],
      ['paid', null],
      ['refund_requested', 200],
      ['refund_refused', 200],
      ['refund_requested', 240],
    ])
    expect(await requestsOf(hall, 'payments.capture')).toHaveLength(2)
    expect(await parked(hall)).toEqual([])
  })

  test('what is refused of a cancelled order, or of what was never asked for here, takes nothing off', async () => {
    await using hall = await open()
    const { orders } = hall.calls
    const { orderId: id } = await orders.place.mutate(orderOf('one'))
    await captured(hall, 'one', { amountMinor: 120, version: 2 })
    await hall.settle()
    await orders.cancel.mutate({ id })
    await turnedDown(hall, 'one', { kind: 'refund', amountMinor: 120, version: 3 })
    await turnedDown(hall, 'one', { kind: 'void', amountMinor: 1, version: 4 })
    await hall.settle()
    expect(await orders.get.query({ id })).toMatchObject({ state: 'cancelled', capturedMinor: 120, refundedMinor: 0 })
    expect(
      await hall.sql('select capture_requested_minor::int as c, refund_requested_minor::int as r from orders.orders'),
    ).toEqual([{ c: 120, r: 0 }])
    expect(await parked(hall)).toEqual([])
  })

  test('what comes in and goes back of a cancelled order is kept in its history, and told to nobody', async () => {
    await using hall = await open()
    const { orders } = hall.calls
    const { orderId: id } = await orders.place.mutate(orderOf('one'))
    await orders.cancel.mutate({ id })
    await captured(hall, 'one', { amountMinor: 120, version: 2 })
    await refunded(hall, 'one', { amountMinor: 120, version: 3 })
    await hall.settle()
    expect(await orders.get.query({ id })).toMatchObject({
      state: 'cancelled',
      capturedMinor: 120,
      refundedMinor: 120,
      history: [{ what: 'placed' }, { what: 'cancelled' }, { what: 'captured' }, { what: 'refunded' }],
    })
    expect((await announced(hall, id)).map(({ name }) => name)).toEqual(['orders.placed', 'orders.cancelled'])
    await expect(orders.refund.mutate({ id, amount: pounds(1), reason: 'broken' })).rejects.toMatchObject({
      data: { code: 'CONFLICT', reason: 'orders.refund_too_much' },
    })
    await expect(orders.capture.mutate({ id, amount: pounds(1) })).rejects.toMatchObject({
      data: { code: 'CONFLICT', reason: 'orders.cancelled' },
    })
  })

  test('money that fits no order waits for a person', async () => {
    await using hall = await open()
    const { orders } = hall.calls
    const { orderId: id } = await orders.place.mutate(orderOf('one'))
    await captured(hall, 'two', { amountMinor: 120, version: 2 })
    await hall.settle()
    expect(await parked(hall)).toMatchObject([{ reason: expect.stringContaining('fits no order of reference two') }])
    await captured(hall, 'one', { amountMinor: 121, version: 2 })
    await captured(hall, 'one', { amountMinor: 120, version: 3 })
    await hall.settle()
    // Behind what is parked, in its order.
    expect(await parked(hall)).toHaveLength(3)
    expect(await orders.get.query({ id })).toMatchObject({ state: 'placed', capturedMinor: 0 })
  })

  test('goods that leave: what was not captured yet is asked for, once', async () => {
    await using hall = await open()
    const { orders } = hall.calls
    const placed = { orderedAt: '2010-12-01T08:26:00.000Z' }
    const { orderId: id } = await orders.place.mutate(orderOf('one', 2, placed))
    expect(await orders.capture.mutate({ id, amount: pounds(100) })).toEqual({ id, requestedMinor: 100 })
    await orders.beginShipping.mutate({ orderId: id })
    expect(await orders.beginShipping.mutate({ orderId: id })).toEqual({ orderId: id, reference: 'one' })
    await hasShipped(hall, { orderId: id, reference: 'one' })
    await hall.settle()
    await readAgain(hall)
    expect(await orders.get.query({ id })).toMatchObject({
      state: 'shipped',
      carrier: 'Royal Mail',
      trackingNumber: 'RM 1',
      history: [
        { what: 'placed' },
        { what: 'capture_requested', amountMinor: 100 },
        { what: 'shipping' },
        { what: 'shipped', at: '2026-01-03T00:00:00.000Z' },
      ],
    })
    const asked = { reference: 'one', currency: GBP, valueDay: '2010-12-01' }
    expect(await requestsOf(hall, 'payments.capture')).toEqual([
      { ...asked, request: `${id}:capture:2`, amountMinor: 100 },
      { ...asked, request: `${id}:shipped`, amountMinor: 140 },
    ])
    await captured(hall, 'one', { amountMinor: 240, version: 2 })
    await hall.settle()
    const { state, history } = await orders.get.query({ id })
    expect([state, history.at(-1)?.what]).toEqual(['shipped', 'paid'])
    expect((await announced(hall, id)).at(-1)).toMatchObject({ name: 'orders.paid' })
    await expect(orders.cancel.mutate({ id })).rejects.toMatchObject({
      data: { code: 'CONFLICT', reason: 'orders.already_shipped' },
    })
  })

  test('a refund asked for twice under one key is one; without a key it is another, up to what was captured', async () => {
    await using hall = await open()
    const { orders } = hall.calls
    const { orderId: id } = await orders.place.mutate(orderOf('one'))
    await captured(hall, 'one', { amountMinor: 120, version: 2 })
    await hall.settle()
    const wanted = { id, amount: pounds(50), reason: 'a broken cup' }
    expect(await orders.refund.mutate(wanted, { key: 'a' })).toEqual({ id, requestedMinor: 50 })
    expect(await orders.refund.mutate(wanted, { key: 'a' })).toEqual({ id, requestedMinor: 50 })
    expect(await orders.refund.mutate(wanted)).toEqual({ id, requestedMinor: 100 })
    await expect(orders.refund.mutate(wanted)).rejects.toMatchObject({
      data: { code: 'CONFLICT', reason: 'orders.refund_too_much' },
    })
    const asked = { reference: 'one', amountMinor: 50, currency: GBP, valueDay: '2026-01-01' }
    expect(await requestsOf(hall, 'payments.refund')).toEqual([
      { ...asked, request: `${id}:refund:4` },
      { ...asked, request: `${id}:refund:5` },
    ])
    expect((await orders.get.query({ id })).history.slice(3)).toMatchObject([
      { what: 'refund_requested', amountMinor: 50, note: 'a broken cup' },
      { what: 'refund_requested', amountMinor: 50, note: 'a broken cup' },
    ])
  })

  test('captures and refunds are refused with their reason', async () => {
    await using hall = await open()
    const { orders } = hall.calls
    const { orderId: id } = await orders.place.mutate(orderOf('one'))
    const refund = (amount: { amountMinor: number; currency: string }, of = id) =>
      orders.refund.mutate({ id: of, amount, reason: 'broken' })
    const capture = (amount: { amountMinor: number; currency: string }, of = id) =>
      orders.capture.mutate({ id: of, amount })
    const refusals = [
      [() => refund(pounds(1)), 'orders.refund_too_much'],
      [() => refund(pounds(1, 'EUR')), 'orders.wrong_currency'],
      [() => refund(pounds(1), idOf('ord', 1)), 'orders.unknown_order'],
      [() => refund(pounds(0)), 'platform.invalid_input'],
      [() => capture(pounds(121)), 'orders.capture_too_much'],
      [() => capture(pounds(1, 'EUR')), 'orders.wrong_currency'],
      [() => capture(pounds(1), idOf('ord', 1)), 'orders.unknown_order'],
      [() => capture(pounds(0)), 'platform.invalid_input'],
    ] as const
    for (const [refused, reason] of refusals) await expect(refused()).rejects.toMatchObject({ data: { reason } })
    expect(await requestsOf(hall, 'payments.capture')).toEqual([])
    expect(await requestsOf(hall, 'payments.refund')).toEqual([])
  })
})

test('goods that leave for an order that never began to ship are a person’s matter', async () => {
  await using hall = await startTestHall({ modules: ['orders', 'payments', 'fulfilment'] })
  const { orderId } = await hall.calls.orders.place.mutate(orderOf('one'))
  await hall.calls.orders.cancel.mutate({ id: orderId })
  await hasShipped(hall, { orderId, reference: 'one' })
  await hall.settle()
  expect(await parked(hall)).toMatchObject([{ reason: expect.stringContaining('which is cancelled') }])
})
