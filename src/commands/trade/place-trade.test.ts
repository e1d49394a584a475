import { expect, test } from 'vitest'
import type { HallClient } from './hall-client.ts'
import type { TradeInvoice } from './invoice.ts'
import { placeTrade, stockFor } from './place-trade.ts'
import { openTradeFile } from './read-invoices.ts'
import expected from '../../../tests/fixtures/trade/expected.json' with { type: 'json' }

const file = await openTradeFile('tests/fixtures/trade/two-days.csv')

/** A hall that remembers. `onSale` may throw before a sale is kept. */
class RememberedHall implements HallClient {
  readonly orders = new Map<string, TradeInvoice>()
  readonly received = new Set<string>()
  readonly skus = new Set<string>()
  underWay = 0
  underWayMax = 0
  onSale: (sale: TradeInvoice) => void = () => undefined

  importProducts: HallClient['importProducts'] = async (products) => {
    for (const { sku } of products) this.skus.add(sku)
  }

  placedInvoices: HallClient['placedInvoices'] = async (invoices) =>
    new Map(
      invoices.flatMap((invoice) => {
        const sale = this.orders.get(invoice)
        return sale ? [[invoice, { lines: sale.lines.length, grossMinor: sale.grossMinor }]] : []
      }),
    )

  receiveStock: HallClient['receiveStock'] = async (invoice) => void this.received.add(invoice)

  placeSale: HallClient['placeSale'] = async (sale) => {
    this.underWay += 1
    this.underWayMax = Math.max(this.underWayMax, this.underWay)
    await new Promise(setImmediate)
    this.underWay -= 1
    if (!sale.lines.every(({ sku }) => this.skus.has(sku))) throw new Error('unknown SKU')
    if (stockFor(sale).length > 0 && !this.received.has(sale.invoice)) throw new Error('out of stock')
    this.onSale(sale)
    this.orders.set(sale.invoice, sale)
    return 'placed'
  }
}

test('every sale is placed once, at most as many at a time as asked for, and again adds nothing', async () => {
  const hall = new RememberedHall()
  const seen: number[] = []
  const outcome = await placeTrade(file, hall, {
    concurrency: 5,
    onProgress: (orders) => seen.push(orders),
    now: () => 0,
  })
  expect(outcome).toEqual({
    ...file.totals,
    placed: expected.orders.length,
    different: [],
    skipped: file.skipped,
    seconds: 0,
    ordersPerSecond: 0,
  })
  expect([...hall.orders.keys()].sort()).toEqual(expected.orders.map(({ invoice }) => invoice).sort())
  expect(hall.underWayMax).toBe(5)
  expect(seen).toEqual(expected.orders.map((_, at) => at + 1))
  expect(await placeTrade(file, hall, { concurrency: 5, now: () => 0 })).toEqual({ ...outcome, placed: 0 })
})

test('a failure stops the trade, and the next run goes on from there', async () => {
  const hall = new RememberedHall()
  hall.onSale = () => {
    if (hall.orders.size === 10) throw new Error('the hall is on fire')
  }
  await expect(placeTrade(file, hall, { concurrency: 3 })).rejects.toThrow('the hall is on fire')
  hall.onSale = () => undefined
  expect(await placeTrade(file, hall, { concurrency: 3 })).toMatchObject({
    ...file.totals,
    placed: expected.orders.length - 10,
  })
})

test('an invoice whose sale in the hall is another one is named, and not touched', async () => {
  const hall = new RememberedHall()
  await placeTrade(file, hall, { concurrency: 1 })
  const [first, second] = [...hall.orders.values()]
  hall.orders.set(first!.invoice, { ...first!, grossMinor: first!.grossMinor - 1 })
  hall.orders.set(second!.invoice, { ...second!, lines: second!.lines.slice(1) })
  const { orders, placed, different } = await placeTrade(file, hall, { concurrency: 1 })
  expect({ orders, placed }).toEqual({ orders: expected.orders.length - 2, placed: 0 })
  expect(different).toEqual([first!.invoice, second!.invoice])
})

test('after Ctrl-C what has begun is finished and nothing else is begun', async () => {
  const hall = new RememberedHall()
  const controller = new AbortController()
  hall.onSale = () => {
    if (hall.orders.size === 6) controller.abort()
  }
  const outcome = await placeTrade(file, hall, { concurrency: 4, signal: controller.signal })
  expect(hall.underWay).toBe(0)
  expect(outcome.orders).toBe(hall.orders.size)
  expect(outcome.orders).toBeLessThanOrEqual(6 + 4)
})

test('stock is received per SKU, never for services', () => {
  const line = { quantity: 2, unitPriceMinor: 1, stocked: true }
  const sale = { invoice: '1', placedAt: '', country: 'GB', customer: null, grossMinor: 0 }
  const lines = [
    { ...line, sku: '70001' },
    { ...line, sku: 'POST', stocked: false },
    { ...line, sku: '70001', quantity: 3 },
  ]
  expect(stockFor({ ...sale, lines })).toEqual([{ sku: '70001', quantity: 5 }])
})
