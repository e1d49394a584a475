import { startTestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'

const GBP = 'GBP'
const lineId = 'lin_01940000-0000-7000-8000-000000000000'

type Gross = { grossMinor: number; currency?: string }

/** An order of one line, as checkout would place it. */
const orderOf = (reference: string, orderedAt: string, { grossMinor, currency = GBP }: Gross) => ({
  reference,
  currency,
  address: { country: 'GB' },
  lines: [
    {
      lineId,
      sku: 'A1',
      name: 'a thing',
      quantity: 1,
      unitPriceMinor: grossMinor,
      grossMinor,
      netMinor: grossMinor,
      taxMinor: 0,
    },
  ],
  grossMinor,
  taxMinor: 0,
  orderedAt,
})

describe.each(['near', 'far'] as const)('reporting, %s', (distance) => {
  const open = () => startTestHall({ modules: ['payments', 'orders', 'reporting'], distance })

  test('sales are counted into the UTC day on which they were ordered, per currency', async () => {
    await using hall = await open()
    const placed = [
      orderOf('one', '2010-12-01T00:00:00.000Z', { grossMinor: 100 }),
      orderOf('two', '2010-12-01T23:59:59.999Z', { grossMinor: 250 }),
      orderOf('three', '2010-12-02T00:00:00.000Z', { grossMinor: 7 }),
      orderOf('four', '2010-12-02T12:00:00.000Z', { grossMinor: 9, currency: 'EUR' }),
    ]
    for (const order of placed) await hall.calls.orders.place.mutate(order)
    await hall.settle()
    const sales = (from: string, to: string, currency = GBP) => hall.calls.reporting.sales.query({ from, to, currency })
    expect(await sales('2010-12-01', '2010-12-02')).toEqual({
      orders: 3,
      grossMinor: 357,
      byDay: [
        { day: '2010-12-01', orders: 2, grossMinor: 350 },
        { day: '2010-12-02', orders: 1, grossMinor: 7 },
      ],
      behind: 0,
    })
    expect(await sales('2010-12-02', '2010-12-02', 'EUR')).toMatchObject({ orders: 1, grossMinor: 9 })
    expect(await sales('2010-12-03', '2011-12-03')).toEqual({ orders: 0, grossMinor: 0, byDay: [], behind: 0 })
  })

  test('an order that is told again is counted once', async () => {
    await using hall = await open()
    for (let count = 1; count <= 20; count += 1) {
      await hall.calls.orders.place.mutate(orderOf(`order ${count}`, '2010-12-01T08:26:00.000Z', { grossMinor: count }))
    }
    await hall.settle()
    const applied = () => hall.sql('select sum(position)::int as events from reporting.cursors')
    expect(await applied()).toEqual([{ events: 20 }])
    await hall.sql('update reporting.cursors set position = 0')
    // Something new makes the listener look; whatever it then reads again must change nothing.
    await hall.calls.orders.place.mutate(orderOf('the last', '2010-12-02T08:26:00.000Z', { grossMinor: 1000 }))
    await hall.settle()
    expect(await applied()).toEqual([{ events: 21 }])
    const range = { from: '2010-12-01', to: '2010-12-02', currency: GBP }
    expect(await hall.calls.reporting.sales.query(range)).toMatchObject({ orders: 21, grossMinor: 1210 })
    const again = await hall.sql(
      `select day, currency, count(*)::int as orders, sum(gross_minor)::int as gross from reporting.sold_orders
       group by 1, 2 order by 1`,
    )
    expect(again).toEqual([
      { day: '2010-12-01', currency: GBP, orders: 20, gross: 210 },
      { day: '2010-12-02', currency: GBP, orders: 1, gross: 1000 },
    ])
  })

  test('a range is at most 3660 days and does not run backwards', async () => {
    await using hall = await open()
    const sales = (from: string, to: string) => hall.calls.reporting.sales.query({ from, to, currency: GBP })
    expect(await sales('2010-01-01', '2020-01-08')).toMatchObject({ orders: 0 })
    for (const [from, to] of [
      ['2010-01-01', '2020-01-09'],
      ['2010-12-02', '2010-12-01'],
    ] as const) {
      await expect(sales(from, to)).rejects.toMatchObject({
        data: { code: 'BAD_REQUEST', reason: 'reporting.bad_range' },
      })
    }
  })
})
