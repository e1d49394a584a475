import { orderCancelled, orderPlaced, orderRefunded } from '#modules/orders'
import { withClient } from '#testing/cluster'
import { eventually } from '#testing/eventually'
import { startTestHall, type TestHall } from '#testing/hall'
import { tell } from '#testing/tell'
import { describe, expect, test } from 'vitest'

const GBP = 'GBP'
const day = '2010-12-01'
const range = { from: '2010-12-01', to: '2010-12-31', currency: GBP }

type Line = { sku: string; quantity: number; grossMinor: number; name?: string }
type Order = { at?: string; country?: string; currency?: string; grossMinor?: number; lines?: Line[] }

const orderIdOf = (number: number) => `ord_01940000-0000-7000-8000-${String(number).padStart(12, '0')}`

/** What every event of an order says of it. The total is what its lines add up to, unless it is given. */
const told = (number: number, { at = `${day}T08:26:00.000Z`, country = 'GB', currency = GBP, ...order }: Order) => ({
  orderId: orderIdOf(number),
  version: 1,
  reference: `order ${number}`,
  orderedAt: at,
  currency,
  country,
  grossMinor: order.grossMinor ?? (order.lines ?? []).reduce((sum, line) => sum + line.grossMinor, 0),
})

const place = (hall: TestHall, number: number, order: Order) => {
  const lines = order.lines?.map((line) => ({ name: `thing ${line.sku}`, stocked: true, ...line }))
  const fact = { ...told(number, order), number, lineCount: lines?.length ?? 1, ...(lines && { lines }) }
  return tell(hall, orderPlaced, fact)
}
const cancel = (hall: TestHall, number: number, { version = 2, ...order }: Order & { version?: number }) =>
  tell(hall, orderCancelled, { ...told(number, order), version })
const refund = (hall: TestHall, number: number, order: Order & { version: number; amountMinor: number }) => {
  const { version, amountMinor, ...rest } = order
  return tell(hall, orderRefunded, { ...told(number, rest), version, amountMinor })
}

/** All figures of the month. */
const figures = async (hall: TestHall) => ({
  sales: await hall.calls.reporting.sales.query(range),
  products: await hall.calls.reporting.products.query(range),
  countries: await hall.calls.reporting.countries.query(range),
})

/** Makes the listener read all of the orders' journal again. */
async function readAgain(hall: TestHall): Promise<void> {
  await hall.sql(`update reporting.cursors set position = 0 where source = 'orders'`)
  await hall.settle()
}

describe.each(['near', 'far'] as const)('reporting, %s', (distance) => {
  const open = () => startTestHall({ modules: ['payments', 'fulfilment', 'orders', 'reporting'], distance })

  test('sales are counted into the UTC day on which they were ordered, per currency', async () => {
    await using hall = await open()
    await place(hall, 1, { at: '2010-12-01T00:00:00.000Z', grossMinor: 100 })
    await place(hall, 2, { at: '2010-12-01T23:59:59.999Z', grossMinor: 250 })
    await place(hall, 3, { at: '2010-12-02T00:00:00.000Z', grossMinor: 7 })
    await place(hall, 4, { at: '2010-12-02T12:00:00.000Z', grossMinor: 9, currency: 'EUR' })
    await hall.settle()
    const sales = (from: string, to: string, currency = GBP) => hall.calls.reporting.sales.query({ from, to, currency })
    expect(await sales('2010-12-01', '2010-12-02')).toEqual({
      orders: 3,
      grossMinor: 357,
      refundedMinor: 0,
      byDay: [
        { day: '2010-12-01', orders: 2, grossMinor: 350, refundedMinor: 0 },
        { day: '2010-12-02', orders: 1, grossMinor: 7, refundedMinor: 0 },
      ],
      behind: 0,
    })
    expect(await sales('2010-12-02', '2010-12-02', 'EUR')).toMatchObject({ orders: 1, grossMinor: 9 })
    const none = { orders: 0, grossMinor: 0, refundedMinor: 0, byDay: [], behind: 0 }
    expect(await sales('2010-12-03', '2011-12-03')).toEqual(none)
  })

  test('products and countries, what brought most first; an order may name a product twice', async () => {
    await using hall = await open()
    const tea = { sku: 'TEA', quantity: 2, grossMinor: 500 }
    const mug = { sku: 'MUG', quantity: 1, grossMinor: 900 }
    await place(hall, 1, { lines: [tea, mug, { ...tea, quantity: 3, grossMinor: 750 }], country: 'FR' })
    await place(hall, 2, { at: `2010-12-05T00:00:00.000Z`, lines: [tea], country: 'GB' })
    await place(hall, 3, { lines: [tea], currency: 'EUR', country: 'DE' })
    await hall.settle()
    expect(await hall.calls.reporting.products.query(range)).toEqual({
      products: [
        { sku: 'TEA', name: 'thing TEA', orders: 2, units: 7, grossMinor: 1750 },
        { sku: 'MUG', name: 'thing MUG', orders: 1, units: 1, grossMinor: 900 },
      ],
      behind: 0,
    })
    expect((await hall.calls.reporting.products.query({ ...range, limit: 1 })).products).toHaveLength(1)
    expect(await hall.calls.reporting.countries.query(range)).toEqual({
      countries: [
        { country: 'FR', orders: 1, grossMinor: 2150 },
        { country: 'GB', orders: 1, grossMinor: 500 },
      ],
      behind: 0,
    })
  })

  test('a cancelled order counts for nothing, and what was given back stands beside', async () => {
    await using hall = await open()
    const [first, second] = [
      { lines: [{ sku: 'TEA', quantity: 2, grossMinor: 500 }], country: 'FR' },
      {
        lines: [
          { sku: 'TEA', quantity: 1, grossMinor: 250 },
          { sku: 'MUG', quantity: 1, grossMinor: 900 },
        ],
      },
    ]
    await place(hall, 1, first)
    await place(hall, 2, second)
    await refund(hall, 1, { ...first, version: 4, amountMinor: 120 })
    await refund(hall, 1, { ...first, version: 6, amountMinor: 30 })
    await refund(hall, 2, { ...second, version: 4, amountMinor: 1000 })
    await hall.settle()
    expect(await hall.calls.reporting.sales.query(range)).toMatchObject({
      orders: 2,
      grossMinor: 1650,
      byDay: [{ day, orders: 2, grossMinor: 1650, refundedMinor: 1150 }],
    })
    await cancel(hall, 2, { ...second, version: 5 })
    await hall.settle()
    expect(await figures(hall)).toEqual({
      sales: {
        orders: 1,
        grossMinor: 500,
        refundedMinor: 150,
        byDay: [{ day, orders: 1, grossMinor: 500, refundedMinor: 150 }],
        behind: 0,
      },
      products: { products: [{ sku: 'TEA', name: 'thing TEA', orders: 1, units: 2, grossMinor: 500 }], behind: 0 },
      countries: { countries: [{ country: 'FR', orders: 1, grossMinor: 500 }], behind: 0 },
    })
  })

  test('what is told again is counted once: orders, refunds and cancellations', async () => {
    await using hall = await open()
    for (let number = 1; number <= 20; number += 1) {
      const order = { lines: [{ sku: `S${number % 3}`, quantity: number, grossMinor: 100 * number }] }
      await place(hall, number, order)
      if (number % 4 === 0) await refund(hall, number, { ...order, version: 2, amountMinor: number })
      if (number % 8 === 0) await cancel(hall, number, { ...order, version: 3 })
    }
    await hall.settle()
    const counted = await figures(hall)
    expect(counted.sales).toMatchObject({ orders: 18, grossMinor: 18_600, refundedMinor: 4 + 12 + 20, behind: 0 })
    await readAgain(hall)
    expect(await figures(hall)).toEqual(counted)
    const [sums] = await hall.sql(`select count(*)::int as orders, sum(gross_minor)::int as gross,
      sum(refunded_minor)::int as refunded from reporting.sold_orders where not is_cancelled`)
    expect(sums).toEqual({ orders: 18, gross: 18_600, refunded: 36 })
    expect(await hall.sql('select * from reporting.parked')).toEqual([])
  })

  test('an order that is told while the figures are read is behind, not lost', async () => {
    await using hall = await open()
    await place(hall, 1, { grossMinor: 100 })
    expect(await hall.calls.reporting.sales.query(range)).toMatchObject({ orders: 0, behind: 1 })
    await hall.settle()
    expect(await hall.calls.reporting.sales.query(range)).toMatchObject({ orders: 1, behind: 0 })
  })

  test('a range is at most 3660 days and does not run backwards', async () => {
    await using hall = await open()
    const { reporting } = hall.calls
    expect(await reporting.sales.query({ from: '2010-01-01', to: '2020-01-08', currency: GBP })).toMatchObject({
      orders: 0,
    })
    for (const [from, to] of [
      ['2010-01-01', '2020-01-09'],
      ['2010-12-02', '2010-12-01'],
    ] as const) {
      const refused = { data: { code: 'BAD_REQUEST', reason: 'reporting.bad_range' } }
      const wanted = { from, to, currency: GBP }
      await expect(reporting.sales.query(wanted)).rejects.toMatchObject(refused)
      await expect(reporting.products.query(wanted)).rejects.toMatchObject(refused)
      await expect(reporting.countries.query(wanted)).rejects.toMatchObject(refused)
    }
  })
})

test('a product is called as it was when it was sold last, in whatever order the sales are told', async () => {
  await using hall = await startTestHall({ modules: ['payments', 'fulfilment', 'orders', 'reporting'] })
  const lines = (name: string) => [{ sku: 'TEA', quantity: 1, grossMinor: 100, name }]
  await place(hall, 1, { at: '2010-12-02T12:00:00.000Z', lines: lines('new tea') })
  await hall.settle()
  await place(hall, 2, { at: '2010-12-02T09:00:00.000Z', lines: lines('old tea') })
  await place(hall, 3, { at: '2010-12-01T09:00:00.000Z', lines: lines('older tea') })
  await hall.settle()
  const { products } = await hall.calls.reporting.products.query(range)
  expect(products).toEqual([{ sku: 'TEA', name: 'new tea', orders: 3, units: 3, grossMinor: 300 }])
})

test('of two names at the same instant it is always the same one, whichever is told first', async () => {
  await using hall = await startTestHall({ modules: ['payments', 'fulfilment', 'orders', 'reporting'] })
  const sold = (sku: string, name: string) => ({ lines: [{ sku, quantity: 1, grossMinor: 100, name }] })
  for (const [number, order] of [sold('TEA', 'A'), sold('TEA', 'b'), sold('RUM', 'b'), sold('RUM', 'A')].entries()) {
    await place(hall, number + 1, order)
    await hall.settle()
  }
  const { products } = await hall.calls.reporting.products.query(range)
  expect(products.map(({ sku, name }) => ({ sku, name }))).toEqual([
    { sku: 'RUM', name: 'b' },
    { sku: 'TEA', name: 'b' },
  ])
})

test('an order that the first release told, without its lines, is counted and can be cancelled', async () => {
  await using hall = await startTestHall({ modules: ['payments', 'fulfilment', 'orders', 'reporting'] })
  const old = {
    orderId: orderIdOf(1),
    version: 1,
    reference: 'one',
    number: 1001,
    orderedAt: `${day}T08:26:00.000Z`,
    currency: GBP,
    country: 'GB',
    grossMinor: 700,
    lineCount: 2,
  }
  await tell(hall, orderPlaced, old)
  await hall.settle()
  expect(await figures(hall)).toMatchObject({
    sales: { orders: 1, grossMinor: 700 },
    products: { products: [] },
    countries: { countries: [{ country: 'GB', orders: 1, grossMinor: 700 }] },
  })
  await cancel(hall, 1, { grossMinor: 700 })
  await hall.settle()
  expect(await figures(hall)).toMatchObject({ sales: { orders: 0, byDay: [] }, countries: { countries: [] } })
})

test('what happens to an order that was never told waits for a person', async () => {
  await using hall = await startTestHall({ modules: ['payments', 'fulfilment', 'orders', 'reporting'] })
  await cancel(hall, 1, { grossMinor: 700 })
  await hall.settle()
  expect(await hall.sql('select key, reason from reporting.parked')).toEqual([
    { key: orderIdOf(1), reason: expect.stringContaining('never told to have been placed') },
  ])
  expect(await hall.calls.reporting.sales.query(range)).toMatchObject({ orders: 0, behind: 1 })
})

test('one batch counts at a time: it waits before it has touched a figure', async () => {
  await using hall = await startTestHall({ modules: ['payments', 'fulfilment', 'orders', 'reporting'] })
  await place(hall, 1, { lines: [{ sku: 'TEA', quantity: 1, grossMinor: 100 }] })
  const waiting = `select count(*)::int as count from pg_locks where locktype = 'advisory' and not granted
    and database = (select oid from pg_database where datname = current_database())`
  await withClient(hall.config.databaseUrl!, async (other) => {
    await other.query(`begin; select pg_advisory_xact_lock(hashtext('reporting'), hashtext('sales'))`)
    const settled = hall.settle()
    await eventually(
      () => other.query(waiting),
      ({ rows }) => rows[0].count === 1,
    )
    // Had it inserted its row before it waited, we would block each other here, and the database would end one of us.
    await other.query(`insert into reporting.sold_orders (order_id, day, currency, gross_minor)
      values ('${orderIdOf(1)}', '${day}', '${GBP}', 100)`)
    await other.query('rollback')
    await settled
  })
  expect(await hall.calls.reporting.sales.query(range)).toMatchObject({ orders: 1, behind: 0 })
})
