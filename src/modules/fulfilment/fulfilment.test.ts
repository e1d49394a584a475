import { startTestHall, type TestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'

const gbp = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })
const reason = (name: string) => ({ data: { reason: name } })
const unknownOrder = 'ord_01940000-0000-7000-8000-000000000000'

type Method = { code: string; country: string; name: string; price: { amountMinor: number; currency: string } }
const post: Method = { code: 'post', country: 'GB', name: 'Post', price: gbp(390) }

/** The hall without what leads to orders: they are placed as checkout would. */
const open = (distance: 'near' | 'far' = 'near', env: Record<string, string> = {}): Promise<TestHall> =>
  startTestHall({ modules: ['fulfilment', 'orders', 'payments'], distance, env: { CAPTURE_ON: 'shipping', ...env } })

const line = (sku: string, index: number) => ({
  lineId: `lin_01940000-0000-7000-8000-00000000000${index}`,
  sku,
  name: `the ${sku}`,
  quantity: 2,
  unitPriceMinor: 60,
  grossMinor: 120,
  netMinor: 120,
  taxMinor: 0,
})

type Wanted = { skus?: string[]; unstockedSkus?: string[] }

/** Places an order of a mug and a piece of advice, which is nothing to send. */
async function place(hall: TestHall, reference: string, wanted: Wanted = {}): Promise<string> {
  const { skus = ['MUG', 'ADVICE'], unstockedSkus = ['ADVICE'] } = wanted
  const { orderId } = await hall.calls.orders.place.mutate({
    reference,
    currency: 'GBP',
    address: { country: 'GB', city: 'Leeds' },
    lines: skus.map(line),
    shipping: { method: 'post', name: 'Post', grossMinor: 30, netMinor: 30, taxMinor: 0 },
    unstockedSkus,
    grossMinor: 120 * skus.length + 30,
    taxMinor: 0,
  })
  return orderId
}

const announced = (hall: TestHall) =>
  hall.sql(`select fact from fulfilment.journal where name = 'fulfilment.shipped' order by announced_at`)

describe.each(['near', 'far'] as const)('fulfilment, %s', (distance) => {
  test('a country has methods in their order, each with a price per currency', async () => {
    await using hall = await startTestHall({ modules: ['fulfilment'], distance })
    const { saveMethod, removeMethod, methods } = hall.calls.fulfilment
    const ask = async (country: string, currency: string) => (await methods.query({ country, currency })).methods
    expect(await saveMethod.mutate({ ...post, position: 2 })).toEqual({ ...post, position: 2 })
    await saveMethod.mutate({ ...post, code: 'courier', name: 'Courier', price: gbp(900), position: 1 })
    const euros = { amountMinor: 450, currency: 'EUR' }
    // What is called otherwise in one currency is called so in all, and stays in its place.
    expect(await saveMethod.mutate({ ...post, name: 'Royal Mail', price: euros })).toMatchObject({ position: 2 })
    expect(await ask('GB', 'GBP')).toEqual([
      { code: 'courier', name: 'Courier', price: gbp(900) },
      { code: 'post', name: 'Royal Mail', price: gbp(390) },
    ])
    expect(await ask('GB', 'EUR')).toEqual([{ code: 'post', name: 'Royal Mail', price: euros }])
    await saveMethod.mutate({ ...post, price: gbp(0), position: 0 })
    expect((await ask('GB', 'GBP')).map(({ code, price }) => [code, price.amountMinor])).toEqual([
      ['post', 0],
      ['courier', 900],
    ])
    expect(await ask('FR', 'GBP')).toEqual([])
    expect(await removeMethod.mutate({ code: 'post', country: 'GB' })).toEqual({ removed: true })
    expect(await removeMethod.mutate({ code: 'post', country: 'GB' })).toEqual({ removed: false })
    expect([...(await ask('GB', 'EUR')), ...(await ask('GB', 'GBP'))]).toHaveLength(1)
  })

  test('only staff change methods, see shipments and send them', async () => {
    await using hall = await startTestHall({ modules: ['fulfilment'], distance })
    const { fulfilment } = hall.as({ kind: 'customer', id: 'acc_1' })
    const refused = reason('platform.forbidden')
    await expect(fulfilment.saveMethod.mutate(post)).rejects.toMatchObject(refused)
    await expect(fulfilment.removeMethod.mutate({ code: 'post', country: 'GB' })).rejects.toMatchObject(refused)
    await expect(fulfilment.listShipments.query({})).rejects.toMatchObject(refused)
    await expect(fulfilment.ship.mutate({ orderId: unknownOrder })).rejects.toMatchObject(refused)
    expect(await hall.sql('select 1 from fulfilment.methods')).toEqual([])
  })

  test('an order is sent once: repeated, by whoever, it is answered the same', async () => {
    await using hall = await open(distance)
    const { ship } = hall.calls.fulfilment
    const orderId = await place(hall, 'one')
    await hall.settle()
    const sent = await ship.mutate({ orderId, carrier: 'Royal Mail', trackingNumber: 'RM 1' })
    expect(sent).toMatchObject({
      orderId,
      orderNumber: 1001,
      state: 'shipped',
      address: { country: 'GB', city: 'Leeds' },
      method: 'post',
      lines: [{ sku: 'MUG', name: 'the MUG', quantity: 2 }],
      carrier: 'Royal Mail',
      trackingNumber: 'RM 1',
      shippedAt: '2026-01-01T12:00:00.000Z',
    })
    hall.clock.advanceMs(60_000)
    expect(await ship.mutate({ orderId, carrier: 'another' })).toEqual(sent)
    const facts = await announced(hall)
    expect(facts).toMatchObject([{ fact: { orderId, reference: 'one', version: 2, trackingNumber: 'RM 1' } }])
    await hall.settle()
    const order = await hall.calls.orders.get.query({ id: orderId })
    expect(order).toMatchObject({ state: 'shipped', carrier: 'Royal Mail', trackingNumber: 'RM 1' })
  })

  test('a cancelled order is not sent, and one that is being sent is not cancelled', async () => {
    await using hall = await open(distance)
    const { ship, listShipments } = hall.calls.fulfilment
    const [first, second] = [await place(hall, 'one'), await place(hall, 'two')]
    await hall.settle()
    await hall.calls.orders.cancel.mutate({ id: first })
    // Whether or not fulfilment has heard of it.
    await expect(ship.mutate({ orderId: first })).rejects.toMatchObject(reason('orders.cancelled'))
    await hall.settle()
    await expect(ship.mutate({ orderId: first })).rejects.toMatchObject(reason('orders.cancelled'))
    await ship.mutate({ orderId: second })
    const late = hall.calls.orders.cancel.mutate({ id: second })
    await expect(late).rejects.toMatchObject(reason('orders.already_shipped'))
    const { items } = await listShipments.query({})
    expect(items.map(({ orderId, state }) => [orderId, state])).toEqual([
      [first, 'cancelled'],
      [second, 'shipped'],
    ])
    expect(await announced(hall)).toHaveLength(1)
  })

  test('an order that must be paid first is not sent before', async () => {
    await using hall = await open(distance, { CAPTURE_ON: 'placing' })
    const orderId = await place(hall, 'unpaid')
    // Payments knows nothing of it, so that it stays unpaid.
    await hall.settle()
    const early = hall.calls.fulfilment.ship.mutate({ orderId })
    await expect(early).rejects.toMatchObject(reason('orders.not_paid'))
    expect((await hall.calls.fulfilment.listShipments.query({ state: 'waiting' })).items).toHaveLength(1)
  })

  test('what has nothing to send has no shipment', async () => {
    await using hall = await open(distance)
    const orderId = await place(hall, 'advice', { skus: ['ADVICE'] })
    await hall.settle()
    const { ship } = hall.calls.fulfilment
    await expect(ship.mutate({ orderId })).rejects.toMatchObject(reason('fulfilment.unknown_shipment'))
    await expect(ship.mutate({ orderId: unknownOrder })).rejects.toMatchObject(reason('fulfilment.unknown_shipment'))
    await hall.calls.orders.cancel.mutate({ id: orderId })
    await hall.settle()
    expect(await hall.sql('select 1 from fulfilment.shipments')).toEqual([])
    expect(await hall.sql('select 1 from fulfilment.parked')).toEqual([])
  })

  test('shipments are listed by order number, by state, a page at a time', async () => {
    await using hall = await open(distance)
    const { ship, listShipments } = hall.calls.fulfilment
    const orders: string[] = []
    for (const reference of ['a', 'b', 'c', 'd', 'e']) orders.push(await place(hall, reference))
    await hall.settle()
    await ship.mutate({ orderId: orders[1]! })
    const pages: number[][] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await listShipments.query({ limit: 2, state: 'waiting', ...(cursor !== undefined && { cursor }) })
      pages.push(page.items.map(({ orderNumber }) => orderNumber))
      cursor = page.nextCursor
    }
    expect(pages).toEqual([
      [1001, 1003],
      [1004, 1005],
    ])
    expect((await listShipments.query({ state: 'shipped' })).items).toMatchObject([{ orderNumber: 1002 }])
    await expect(listShipments.query({ cursor: '2x' })).rejects.toMatchObject(reason('fulfilment.bad_cursor'))
  })
})

test('twenty people who send one order at once, and some who cancel it, agree on what became of it', async () => {
  await using hall = await open()
  const orderId = await place(hall, 'one')
  await hall.settle()
  const { ship } = hall.calls.fulfilment
  const asked = Array.from({ length: 20 }, (_, index) => ship.mutate({ orderId, trackingNumber: `RM ${index}` }))
  const cancelled = Array.from({ length: 5 }, () => hall.calls.orders.cancel.mutate({ id: orderId }))
  const [ships, cancels] = await Promise.all([Promise.allSettled(asked), Promise.allSettled(cancelled)])
  const sent = ships.flatMap((each) => (each.status === 'fulfilled' ? [JSON.stringify(each.value)] : []))
  const isSent = sent.length > 0
  expect(sent).toHaveLength(isSent ? 20 : 0)
  expect(new Set(sent).size).toBe(isSent ? 1 : 0)
  expect(cancels.every(({ status }) => (status === 'rejected') === isSent)).toBe(true)
  expect(await announced(hall)).toHaveLength(isSent ? 1 : 0)
  await hall.settle()
  expect(await hall.calls.orders.get.query({ id: orderId })).toMatchObject({ state: isSent ? 'shipped' : 'cancelled' })
  expect(await hall.sql('select state from fulfilment.shipments')).toEqual([
    { state: isSent ? 'shipped' : 'cancelled' },
  ])
})

test('what was told before is heard again without effect', async () => {
  await using hall = await open()
  const orders = [await place(hall, 'one'), await place(hall, 'two')]
  await hall.settle()
  await hall.calls.orders.cancel.mutate({ id: orders[0]! })
  await hall.calls.fulfilment.ship.mutate({ orderId: orders[1]! })
  await hall.settle()
  const shipments = () =>
    hall.sql('select id, order_id, state, version from fulfilment.shipments order by order_number')
  const before = await shipments()
  await hall.sql('update fulfilment.cursors set position = 0')
  await hall.settle()
  expect(await shipments()).toEqual(before)
  expect(await hall.sql('select 1 from fulfilment.parked')).toEqual([])
})

test('a fact of the first release, which names no lines, makes no shipment', async () => {
  await using hall = await open()
  await place(hall, 'old')
  await hall.sql(
    `update orders.journal set fact = fact - 'lines' - 'address' - 'shipping' where name = 'orders.placed'`,
  )
  await hall.settle()
  expect(await hall.sql('select 1 from fulfilment.shipments')).toEqual([])
  expect(await hall.sql('select 1 from fulfilment.parked')).toEqual([])
})
