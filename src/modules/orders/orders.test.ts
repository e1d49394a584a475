import { startTestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'

const idOf = (prefix: string, number: number) => `${prefix}_01940000-0000-7000-8000-${String(number).padStart(12, '0')}`

const lineOf = (number: number, grossMinor = 120) => ({
  lineId: idOf('lin', number),
  sku: `S${number}`,
  name: `thing ${number}`,
  quantity: 2,
  unitPriceMinor: grossMinor / 2,
  grossMinor,
  netMinor: grossMinor,
  taxMinor: 0,
})

/** An order as checkout would place it: each line of 120 pence. */
const orderOf = (reference: string, lineCount = 1, more: { externalInvoice?: string; customer?: string } = {}) => ({
  reference,
  currency: 'GBP',
  address: { country: 'GB', city: 'Leeds' },
  lines: Array.from({ length: lineCount }, (_, index) => lineOf(index + 1)),
  grossMinor: 120 * lineCount,
  taxMinor: 0,
  ...more,
})

describe.each(['near', 'far'] as const)('orders, %s', (distance) => {
  const open = () => startTestHall({ modules: ['orders'], distance })

  test('an order is the snapshot that was placed, and whoever holds its token sees it', async () => {
    await using hall = await open()
    hall.clock.set('2026-01-02T03:04:05.006Z')
    const order = orderOf('one', 3, { externalInvoice: '536365', customer: '17850' })
    const { orderId: id, orderToken: token, orderNumber } = await hall.calls.orders.place.mutate(order)
    expect(orderNumber).toBe(1001)
    const guest = hall.as({ kind: 'guest' })
    expect(await guest.orders.get.query({ id, token })).toEqual({
      id,
      number: 1001,
      state: 'placed',
      total: { amountMinor: 360, currency: 'GBP' },
      taxMinor: 0,
      lineCount: 3,
      country: 'GB',
      customer: '17850',
      externalInvoice: '536365',
      orderedAt: '2026-01-02T03:04:05.006Z',
      address: order.address,
      lines: order.lines,
    })
    expect(await hall.calls.orders.get.query({ id })).toMatchObject({ id })
  })

  test('the existence of an order is not told', async () => {
    await using hall = await open()
    const { orderId: id } = await hall.calls.orders.place.mutate(orderOf('one'))
    const guest = hall.as({ kind: 'guest' })
    const refused = { data: { code: 'NOT_FOUND', reason: 'orders.unknown_order' } }
    await expect(guest.orders.get.query({ id })).rejects.toMatchObject(refused)
    await expect(guest.orders.get.query({ id, token: idOf('tok', 1) })).rejects.toMatchObject(refused)
    await expect(guest.orders.get.query({ id: idOf('ord', 1) })).rejects.toMatchObject(refused)
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
})

test('a captured payment pays its order, and told again it changes nothing', async () => {
  await using hall = await startTestHall({ modules: ['orders', 'payments'] })
  const { orders, payments } = hall.calls
  const pay = async (reference: string) => {
    await payments.authorise.mutate({ reference, amount: { amountMinor: 120, currency: 'GBP' }, source: 'card_ok' })
    const { orderId } = await orders.place.mutate(orderOf(reference))
    await payments.capture.mutate({ reference })
    await hall.settle()
    return orderId
  }
  const id = await pay('one')
  expect(await orders.get.query({ id })).toMatchObject({ state: 'paid' })
  await hall.sql('update orders.cursors set position = 0')
  // Something new makes the listener look; whatever it then reads again must change nothing.
  await pay('two')
  const rows = await hall.sql('select state, version::int as version from orders.orders order by number')
  expect(rows).toEqual([
    { state: 'paid', version: 2 },
    { state: 'paid', version: 2 },
  ])
  const told = await hall.sql(
    `select name, version::int as version from orders.journal where key = $1 order by version`,
    [id],
  )
  expect(told).toEqual([
    { name: 'orders.placed', version: 1 },
    { name: 'orders.paid', version: 2 },
  ])
})

test('an order that costs nothing is paid at once', async () => {
  await using hall = await startTestHall({ modules: ['orders'] })
  const order = { ...orderOf('free'), lines: [lineOf(1, 0)], grossMinor: 0 }
  const { orderId: id } = await hall.calls.orders.place.mutate(order)
  expect(await hall.calls.orders.get.query({ id })).toMatchObject({ state: 'paid' })
  const told = await hall.sql('select name from orders.journal order by version')
  expect(told).toEqual([{ name: 'orders.placed' }, { name: 'orders.paid' }])
})
