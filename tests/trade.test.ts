/** A retailer's trade through the public API of a hall of real processes: one, and with orders in a process of its own. */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ModuleName } from '../src/modules.ts'
import { bookedOrders, expectSums, settled } from './processes/books.ts'
import {
  callsOf,
  days,
  fixture,
  orders,
  outcomeOf,
  products,
  runTool,
  skipped,
  startTool,
  totals,
} from './processes/trading.ts'
import { type OpenHall, openWorld, type World } from './processes/world.ts'

const retailFile = process.env['RETAIL_CSV']
const hasRetailFile = retailFile !== undefined && existsSync(retailFile)
// Counted from the real file by other means than ours.
const retailSales = { orders: 20, lines: 176, grossMinor: 532_014 }

const distances: { distance: string; outside: ModuleName[] }[] = [
  { distance: 'in one process', outside: [] },
  { distance: 'with orders in a process of its own', outside: ['orders'] },
]

describe.each(distances)('a trade $distance', ({ outside }) => {
  let world: World
  let hall: OpenHall

  const trade = async (...args: string[]) => {
    const { code, out, err } = await runTool(world, ['trade', fixture, '--url', hall.url, '--json', ...args])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    return outcomeOf(out)
  }

  beforeAll(async () => {
    world = await openWorld({ outside })
    const others = outside.map((module) => world.startOutside(module))
    hall = await world.startHall()
    await Promise.all(others)
  })

  afterAll(() => world?.[Symbol.asyncDispose]())

  test('--limit places the first invoices that have a sale, and no more', async () => {
    expect(await trade('--limit', '3')).toMatchObject({ orders: 3, placed: 3 })
    const booked = await bookedOrders(world.sql)
    expect(booked.map(({ invoice }) => invoice)).toEqual(orders.slice(0, 3).map(({ invoice }) => invoice))
  })

  test('--from and --to place the days chosen, both included, beside what is there', async () => {
    const day = '2011-03-08'
    const { skipped: ofDay, ...sales } = days[day]
    const outcome = await trade('--from', day, '--to', day)
    expect(outcome).toMatchObject({ ...sales, placed: sales.orders, skipped: ofDay })
  })

  test('a command in a process of its own places what is left, and ends with its outcome as a line of JSON', async () => {
    const tool = startTool(world, ['trade', fixture, '--url', hall.url, '--concurrency', '4', '--json'])
    expect(await tool.ended).toEqual({ code: 0, signal: null })
    expect(outcomeOf(tool.out)).toEqual({
      ...totals,
      placed: totals.orders - 3 - days['2011-03-08'].orders,
      skipped,
      seconds: expect.any(Number),
      ordersPerSecond: expect.any(Number),
    })
  })

  test('the hall then holds each sale of the file as it was', async () => {
    expect(await bookedOrders(world.sql)).toEqual(orders)
    const listed = await world.sql(
      `SELECT v.sku, p.name, v.amount_minor::int AS "listPriceMinor", v.stocked
       FROM catalog.variants AS v JOIN catalog.products AS p ON p.id = v.product_id ORDER BY v.sku`,
    )
    const bySku = (a: { sku: string }, b: { sku: string }) => (a.sku < b.sku ? -1 : 1)
    expect(listed.toSorted(bySku as never)).toEqual(products.toSorted(bySku))
  })

  test('stock was received once per invoice, and has left with its orders', async () => {
    const received = await world.sql<{ reference: string }>(
      'SELECT reference FROM inventory.receipts ORDER BY reference',
    )
    const invoices = new Set(orders.map(({ invoice }) => invoice))
    expect(received.length).toBeGreaterThan(0)
    expect(received.filter(({ reference }) => !invoices.has(reference))).toEqual([])
  })

  test('reporting, the payments ledger and the provider agree with the orders', async () => {
    await settled(world.sql)
    const calls = await callsOf(world, hall.url)
    const sales = await calls.reporting.sales.query({ from: '2011-03-07', to: '2011-03-08', currency: 'GBP' })
    expect(sales).toEqual({
      orders: totals.orders,
      grossMinor: totals.grossMinor,
      behind: 0,
      byDay: Object.entries(days).map(([day, each]) => ({ day, orders: each.orders, grossMinor: each.grossMinor })),
    })
    const paid = await calls.payments.totals.query({ currency: 'GBP' })
    expect(paid).toMatchObject({ authorisedMinor: totals.grossMinor, capturedMinor: totals.grossMinor, voidedMinor: 0 })
    await expectSums(world, totals)
  })

  test('a second run places nothing and changes nothing', async () => {
    const before = await rowsOf(world)
    expect(await trade()).toMatchObject({ ...totals, placed: 0, skipped, ordersPerSecond: 0 })
    await settled(world.sql)
    expect(await rowsOf(world)).toEqual(before)
  })

  test('the record of who did what is whole', async () => {
    const { code, out } = await runTool(world, ['audit', 'verify', '--url', hall.url])
    expect({ code, out }).toEqual({ code: 0, out: [expect.stringContaining('intact')] })
  })

  test.skipIf(!hasRetailFile)('the first 20 invoices of the real file come out to the penny', async () => {
    const args = ['trade', retailFile!, '--limit', '20', '--url', hall.url, '--json']
    const { code, out } = await runTool(world, args)
    expect({ code, outcome: outcomeOf(out) }).toMatchObject({ code: 0, outcome: { ...retailSales, placed: 20 } })
    await settled(world.sql)
    const calls = await callsOf(world, hall.url)
    const { orders: sold, grossMinor } = retailSales
    const sales = await calls.reporting.sales.query({ from: '2010-12-01', to: '2010-12-01', currency: 'GBP' })
    expect(sales).toMatchObject({ orders: sold, grossMinor, behind: 0 })
    await expectSums(world, { orders: totals.orders + sold, grossMinor: totals.grossMinor + grossMinor })
  })
})

if (!hasRetailFile) {
  console.info('RETAIL_CSV names no file: the first invoices of the real trade were not placed, only invented ones.')
}

/** All rows of what the trade writes, but for the audit's queue of work. */
async function rowsOf({ sql }: World) {
  return {
    orders: await sql('SELECT * FROM orders.orders ORDER BY id'),
    stock: await sql('SELECT * FROM inventory.stock ORDER BY sku'),
    products: await sql('SELECT * FROM catalog.products ORDER BY id'),
    carts: await sql('SELECT * FROM checkout.carts ORDER BY id'),
    payments: await sql('SELECT * FROM payments.payments ORDER BY id'),
    ledger: await sql('SELECT * FROM payments.ledger ORDER BY attempt_id, account'),
    sold: await sql('SELECT * FROM reporting.sold_orders ORDER BY order_id'),
  }
}
