import { startTestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'
import { idOf, lineOf, orderOf, requestsOf } from './testing/orders.ts'

describe.each(['near', 'far'] as const)('orders, %s', (distance) => {
  const open = () => startTestHall({ modules: ['orders'], distance })

  test('an order is the snapshot that was placed, and whoever holds its token sees it', async () => {
    await using hall = await open()
    hall.clock.set('2026-01-02T03:04:05.006Z')
    const shipping = { method: 'parcel', name: 'Parcel', grossMinor: 480, netMinor: 400, taxMinor: 80 }
    const bought = orderOf('one', 3, { externalInvoice: '536365', customer: '17850' })
    const order = { ...bought, shipping, grossMinor: 360 + 480, taxMinor: 80 }
    const { orderId: id, orderToken: token, orderNumber } = await hall.calls.orders.place.mutate(order)
    expect(orderNumber).toBe(1001)
    const guest = hall.as({ kind: 'guest' })
    expect(await guest.orders.get.query({ id, token })).toEqual({
      id,
      number: 1001,
      state: 'placed',
      total: { amountMinor: 840, currency: 'GBP' },
      capturedMinor: 0,
      refundedMinor: 0,
      taxMinor: 80,
      lineCount: 3,
      country: 'GB',
      customer: '17850',
      externalInvoice: '536365',
      orderedAt: '2026-01-02T03:04:05.006Z',
      address: order.address,
      lines: order.lines,
      shipping,
      carrier: null,
      trackingNumber: null,
      history: [{ what: 'placed', at: '2026-01-02T03:04:05.006Z', amountMinor: null, note: null }],
    })
    expect(await hall.calls.orders.get.query({ id })).toMatchObject({ id })
  })

  test('the existence of an order is not told', async () => {
    await using hall = await open()
    const { orderId: id } = await hall.calls.orders.place.mutate(orderOf('one', 1, { customer: 'acc_one' }))
    const guest = hall.as({ kind: 'guest' })
    const refused = { data: { code: 'NOT_FOUND', reason: 'orders.unknown_order' } }
    await expect(guest.orders.get.query({ id })).rejects.toMatchObject(refused)
    await expect(guest.orders.get.query({ id, token: idOf('tok', 1) })).rejects.toMatchObject(refused)
    await expect(guest.orders.get.query({ id: idOf('ord', 1) })).rejects.toMatchObject(refused)
    for (const stranger of [
      hall.as({ kind: 'customer', id: 'acc_two' }),
      hall.as({ kind: 'staff', id: 'acc_three', permissions: ['orders:refund'] }),
      guest,
    ]) {
      await expect(stranger.orders.get.query({ id })).rejects.toMatchObject(refused)
      await expect(stranger.orders.cancel.mutate({ id })).rejects.toMatchObject(refused)
      await expect(stranger.orders.cancel.mutate({ id, token: idOf('tok', 1) })).rejects.toMatchObject(refused)
    }
    const theirs = hall.as({ kind: 'customer', id: 'acc_one' })
    expect(await theirs.orders.get.query({ id })).toMatchObject({ id, customer: 'acc_one' })
    await expect(hall.calls.orders.get.query({ id: idOf('ord', 1) })).rejects.toMatchObject(refused)
  })

  test('one order per reference, for ever, also when the record of the command has expired', async () => {
    await using hall = await open()
    const first = await hall.calls.orders.place.mutate(orderOf('one', 2), { key: 'a' })
    await hall.sql('delete from orders.commands')
    expect(await hall.calls.orders.place.mutate(orderOf('one', 2), { key: 'a' })).toEqual(first)
    expect(await hall.calls.orders.place.mutate(orderOf('one', 2), { key: 'b' })).toEqual(first)
    await expect(hall.calls.orders.place.mutate(orderOf('one', 3))).rejects.toMatchObject({
      data: { reason: 'platform.key_reused' },
    })
    expect(await hall.sql('select count(*)::int as orders from orders.orders')).toEqual([{ orders: 1 }])
    expect(await hall.sql('select count(*)::int as lines from orders.order_lines')).toEqual([{ lines: 2 }])
  })

  test('one order per external invoice, for ever; a refused one takes no number', async () => {
    await using hall = await open()
    await hall.calls.orders.place.mutate(orderOf('one', 1, { externalInvoice: '536365' }))
    await expect(
      hall.calls.orders.place.mutate(orderOf('two', 1, { externalInvoice: '536365' })),
    ).rejects.toMatchObject({ data: { code: 'CONFLICT', reason: 'orders.invoice_exists' } })
    expect(await hall.calls.orders.place.mutate(orderOf('three'))).toMatchObject({ orderNumber: 1002 })
    const found = await hall.calls.orders.findInvoices.query({ externalInvoices: ['536365', `it's {"one"}, \\`] })
    expect(found.orders.map(({ externalInvoice }) => externalInvoice)).toEqual(['536365'])
  })

  test('orders placed at once have numbers without a gap, and 1,000 lines fit', async () => {
    await using hall = await open()
    const sizes = [1000, 1, 2, 1, 700, 1, 3, 1]
    const placed = await Promise.all(
      sizes.map((size, index) => hall.calls.orders.place.mutate(orderOf(`order ${index}`, size))),
    )
    const numbers = placed.map(({ orderNumber }) => orderNumber).toSorted((one, other) => one - other)
    expect(numbers).toEqual(sizes.map((_, index) => 1001 + index))
    const largest = await hall.calls.orders.get.query({ id: placed[0]!.orderId })
    expect(largest.lines.map(({ lineId }) => lineId)).toEqual(orderOf('', 1000).lines.map(({ lineId }) => lineId))
  })

  test('a list goes through all orders, newest first, a page at a time', async () => {
    await using hall = await open()
    for (const [index, customer] of ['a', 'b', 'a', 'b', 'a'].entries()) {
      await hall.calls.orders.place.mutate(orderOf(`order ${index}`, 1, { customer }))
    }
    const numbers: number[] = []
    let cursor: string | null | undefined
    do {
      const page = await hall.calls.orders.list.query({ limit: 2, ...(cursor ? { cursor } : {}) })
      numbers.push(...page.items.map(({ number }) => number))
      cursor = page.nextCursor
    } while (cursor !== null)
    expect(numbers).toEqual([1005, 1004, 1003, 1002, 1001])
    const ofA = await hall.calls.orders.list.query({ customer: 'a', state: 'placed' })
    expect(ofA.items.map(({ number }) => number)).toEqual([1005, 1003, 1001])
    expect(await hall.calls.orders.list.query({ state: 'paid' })).toEqual({ items: [], nextCursor: null })
    for (const bad of ['x', '0', '-1', '1.5', '9'.repeat(30)]) {
      await expect(hall.calls.orders.list.query({ cursor: bad })).rejects.toMatchObject({
        data: { code: 'BAD_REQUEST', reason: 'orders.bad_cursor' },
      })
    }
    await expect(hall.as({ kind: 'guest' }).orders.list.query({})).rejects.toMatchObject({
      data: { reason: expect.stringMatching(/^platform\.(unauthenticated|forbidden)$/) },
    })
  })

  test('customers see their own orders, newest first, a page at a time', async () => {
    await using hall = await open()
    for (const [index, customer] of ['acc_one', 'acc_two', 'acc_one', 'acc_one'].entries()) {
      await hall.calls.orders.place.mutate(orderOf(`order ${index}`, 1, { customer }))
    }
    const mine = hall.as({ kind: 'customer', id: 'acc_one' }).orders.mine
    const first = await mine.query({ limit: 2 })
    expect(first.items.map(({ number }) => number)).toEqual([1004, 1003])
    const second = await mine.query({ limit: 2, cursor: first.nextCursor! })
    expect(second).toMatchObject({ items: [{ number: 1001, customer: 'acc_one' }], nextCursor: null })
    expect((await mine.query({ state: 'cancelled' })).items).toEqual([])
    await expect(hall.as({ kind: 'guest' }).orders.mine.query({})).rejects.toMatchObject({
      data: { reason: 'platform.unauthenticated' },
    })
  })

  test('whoever holds its token, its customer and staff cancel an order, once', async () => {
    await using hall = await open()
    const place = (reference: string) =>
      hall.calls.orders.place.mutate(
        orderOf(reference, 1, { customer: 'acc_one', orderedAt: '2010-12-01T23:59:59.999Z' }),
      )
    const cancelled = async (id: string, by: Parameters<typeof hall.as>[0], token?: string) => {
      const input = { id, reason: 'changed my mind', ...(token ? { token } : {}) }
      const answers = [1, 2].map(() => hall.as(by).orders.cancel.mutate(input))
      // Both at once, and again.
      for (const answer of [...(await Promise.all(answers)), await hall.as(by).orders.cancel.mutate(input)])
        expect(answer).toEqual({ id, state: 'cancelled' })
    }
    const [one, two, three] = [await place('one'), await place('two'), await place('three')]
    await cancelled(one.orderId, { kind: 'guest' }, one.orderToken)
    await cancelled(two.orderId, { kind: 'customer', id: 'acc_one' })
    await cancelled(three.orderId, { kind: 'staff', id: 'acc_two', permissions: ['orders:cancel'] })
    const told = await hall.sql(
      `select key, version::int as version, fact from orders.journal where name = 'orders.cancelled' order by announced_at`,
    )
    const fact = { orderedAt: '2010-12-01T23:59:59.999Z', currency: 'GBP', country: 'GB', grossMinor: 120, version: 2 }
    expect(told).toHaveLength(3)
    expect(told[0]).toEqual({ key: one.orderId, version: 2, fact: { ...fact, orderId: one.orderId, reference: 'one' } })
    expect(await requestsOf(hall, 'payments.cancel')).toEqual(
      [one, two, three].map(({ orderId }, index) => ({
        reference: ['one', 'two', 'three'][index],
        request: `${orderId}:cancelled`,
        valueDay: '2010-12-01',
      })),
    )
    const { history } = await hall.calls.orders.get.query({ id: one.orderId })
    expect(history).toMatchObject([{ what: 'placed' }, { what: 'cancelled', note: 'changed my mind' }])
    const seen = await hall.as({ kind: 'guest' }).orders.get.query({ id: one.orderId, token: one.orderToken })
    expect(seen.history).toMatchObject([{ note: null }, { what: 'cancelled', note: null }])
  })

  test('an order that is not paid does not ship, and a cancelled one never does', async () => {
    await using hall = await open()
    const { orders } = hall.calls
    const { orderId } = await orders.place.mutate(orderOf('one'))
    const shipping = (id: string) => orders.beginShipping.mutate({ orderId: id })
    await expect(shipping(orderId)).rejects.toMatchObject({ data: { code: 'CONFLICT', reason: 'orders.not_paid' } })
    await orders.cancel.mutate({ id: orderId })
    await expect(shipping(orderId)).rejects.toMatchObject({ data: { code: 'CONFLICT', reason: 'orders.cancelled' } })
    await expect(shipping(idOf('ord', 1))).rejects.toMatchObject({ data: { reason: 'orders.unknown_order' } })
  })
})

test('its money is asked for with the order, for the day of the order, and once', async () => {
  await using hall = await startTestHall({ modules: ['orders'] })
  const order = orderOf('one', 2, { orderedAt: '2010-12-01T08:26:00.000Z' })
  const { orderId } = await hall.calls.orders.place.mutate(order, { key: 'a' })
  await hall.calls.orders.place.mutate(order, { key: 'b' })
  expect(await requestsOf(hall, 'payments.capture')).toEqual([
    {
      reference: 'one',
      request: `${orderId}:placed`,
      amountMinor: 240,
      currency: 'GBP',
      valueDay: '2010-12-01',
    },
  ])
})

test('where money is captured on shipping it is not asked for, unless nothing will ship', async () => {
  await using hall = await startTestHall({ modules: ['orders'], env: { CAPTURE_ON: 'shipping' } })
  const { orders } = hall.calls
  const goods = await orders.place.mutate({ ...orderOf('goods', 2), unstockedSkus: ['S2'] })
  const { orderId } = await orders.place.mutate({ ...orderOf('service', 2), unstockedSkus: ['S1', 'S2'] })
  expect(await requestsOf(hall, 'payments.capture')).toMatchObject([{ request: `${orderId}:placed`, amountMinor: 240 }])
  const reference = 'goods'
  expect(await orders.beginShipping.mutate({ orderId: goods.orderId })).toEqual({ orderId: goods.orderId, reference })
})

test('what is told of a placed order says what was bought, what of it is sent, and where to', async () => {
  await using hall = await startTestHall({ modules: ['orders'] })
  const shipping = { method: 'parcel', name: 'Parcel', grossMinor: 480, netMinor: 400, taxMinor: 80 }
  const order = { ...orderOf('one', 2), unstockedSkus: ['S2'], shipping, grossMinor: 720, taxMinor: 80 }
  await hall.calls.orders.place.mutate(order)
  const [told] = await hall.sql(`select fact from orders.journal where name = 'orders.placed'`)
  expect(told!['fact']).toMatchObject({
    lines: [
      { sku: 'S1', name: 'thing 1', quantity: 2, grossMinor: 120, stocked: true },
      { sku: 'S2', name: 'thing 2', quantity: 2, grossMinor: 120, stocked: false },
    ],
    lineCount: 2,
    address: order.address,
    shipping: { method: 'parcel', grossMinor: 480 },
    grossMinor: 720,
  })
})

test('cancel and ship at once: exactly one of them happens', async () => {
  await using hall = await startTestHall({ modules: ['orders'], env: { CAPTURE_ON: 'shipping' } })
  const { orders } = hall.calls
  for (let round = 1; round <= 20; round += 1) {
    const { orderId } = await orders.place.mutate(orderOf(`order ${round}`))
    const cancelling = orders.cancel.mutate({ id: orderId })
    const shipping = orders.beginShipping.mutate({ orderId })
    const [cancelled, shipped] = await Promise.allSettled([cancelling, shipping])
    const { state } = await orders.get.query({ id: orderId })
    expect([cancelled.status, shipped.status].toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(state).toBe(cancelled.status === 'fulfilled' ? 'cancelled' : 'shipping')
    const { reason } = await hall
      .as({ kind: 'staff', id: 'acc_one', permissions: ['*'] })
      .orders.cancel.mutate({ id: orderId })
      .then(
        () => ({ reason: undefined }),
        (error: { data: { reason: string } }) => error.data,
      )
    expect(reason).toBe(state === 'cancelled' ? undefined : 'orders.already_shipped')
  }
})

test('an order that costs nothing is paid at once, and nothing is asked of payments', async () => {
  await using hall = await startTestHall({ modules: ['orders'] })
  const order = { ...orderOf('free'), lines: [lineOf(1, 0)], grossMinor: 0 }
  const { orderId: id } = await hall.calls.orders.place.mutate(order)
  expect(await hall.calls.orders.get.query({ id })).toMatchObject({
    state: 'paid',
    history: [{ what: 'placed' }, { what: 'paid' }],
  })
  await hall.calls.orders.cancel.mutate({ id })
  const told = await hall.sql('select name, version::int as version from orders.journal order by version')
  expect(told.filter(({ name }) => name !== 'orders.audited')).toEqual([
    { name: 'orders.placed', version: 1 },
    { name: 'orders.paid', version: 2 },
    { name: 'orders.cancelled', version: 3 },
  ])
})
