/**
 * A retailer's trade through the public API of a hall of real processes: one, and every module in one of its own.
 * Where RETAIL_CSV names the real December of 2010, the whole month is traded too.
 */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { eventually } from '#testing/eventually'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bookedOrders, expectSums, settled } from './processes/books.ts'
import type { TopologyOptions } from './processes/topology-file.ts'
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
import { figuresOf } from './rebuilds/figures.ts'

const retailFile = process.env['RETAIL_CSV']
const hasRetailFile = retailFile !== undefined && existsSync(retailFile)
// Counted from the real file by other means than ours.
const retailDay = { day: '2010-12-02', orders: 142, grossMinor: 4_774_838 }
const retailMonth = {
  from: '2010-12-01',
  to: '2010-12-31',
  sales: { orders: 1559, lines: 41_480, grossMinor: 82_374_614 },
}
const retailDayAlone = { from: retailDay.day, to: retailDay.day, sales: { orders: 142, grossMinor: 4_774_838 } }
const retailMsMax = 600_000

const distances: { distance: string; spread: TopologyOptions }[] = [
  { distance: 'in one process', spread: {} },
  { distance: 'with every module in a process of its own', spread: { topology: 'topologies/all-out.json' } },
]

// Where there is a real file, its busiest day goes through all processes.
describe.each(hasRetailFile ? distances.slice(0, 1) : distances)('a trade $distance', ({ spread }) => {
  let world: World
  let hall: OpenHall

  const trade = async (...args: string[]) => {
    const { code, out, err } = await runTool(world, ['trade', fixture, '--url', hall.url, '--json', ...args])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    return outcomeOf(out)
  }

  beforeAll(async () => {
    world = await openWorld(spread)
    hall = await world.startAll()
  })

  afterAll(() => world?.[Symbol.asyncDispose]())

  test('--limit places the first invoices that have a sale, and no more', async () => {
    expect(await trade('--limit', '3')).toMatchObject({ orders: 3, placed: 3 })
    const booked = await bookedOrders(world.sql)
    expect(booked.map(({ invoice }) => invoice)).toEqual(orders.slice(0, 3).map(({ invoice }) => invoice))
  })

  test('a file that is broken changes nothing, tells its line, and is gone on with once it is mended', async () => {
    await settled(world.sql)
    const before = await rowsOf(world)
    for (const [what, broken] of Object.entries(await brokenFiles())) {
      const path = join(world.env['DATA_DIR']!, 'broken.csv')
      await writeFile(path, broken)
      const { code, out, err } = await runTool(world, ['trade', path, '--url', hall.url, '--json'])
      expect({ what, code, out }).toEqual({ what, code: 1, out: [] })
      expect({ what, err }).toEqual({ what, err: expect.stringMatching(/broken\.csv, line \d+: .+\n$/) })
    }
    expect(await rowsOf(world)).toEqual(before)
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
      different: [],
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

  test('stock was received once per invoice', async () => {
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
    const both = { from: '2011-03-07', to: '2011-03-08', currency: 'GBP' }
    const sales = await calls.reporting.sales.query(both)
    expect(sales).toEqual({
      orders: totals.orders,
      grossMinor: totals.grossMinor,
      refundedMinor: 0,
      behind: 0,
      byDay: Object.entries(days).map(([day, { orders: placed, grossMinor }]) => ({
        day,
        orders: placed,
        grossMinor,
        refundedMinor: 0,
      })),
    })
    const sold = await calls.reporting.products.query({ ...both, limit: 1000 })
    expect(sold.products.reduce((sum, product) => sum + product.grossMinor, 0)).toBe(totals.grossMinor)
    const { countries } = await calls.reporting.countries.query(both)
    expect(countries.reduce((sum, country) => sum + country.grossMinor, 0)).toBe(totals.grossMinor)
    const paid = await calls.payments.totals.query({ currency: 'GBP' })
    expect(paid).toMatchObject({ authorisedMinor: totals.grossMinor, capturedMinor: totals.grossMinor, voidedMinor: 0 })
    expect(capturedByDay(paid)).toEqual(soldByDay(sales))
    await expectSums(world, totals)
  })

  test('made again from the journals, reporting holds the same rows, byte for byte', async () => {
    await expectSameFigures(world, hall)
  })

  test('a second run places nothing and changes nothing', async () => {
    const before = await rowsOf(world)
    expect(await trade()).toMatchObject({ ...totals, placed: 0, skipped, ordersPerSecond: 0 })
    await settled(world.sql)
    expect(await rowsOf(world)).toEqual(before)
  })

  test('a file that says otherwise of an invoice in the hall is told, and changes nothing', async () => {
    const before = await rowsOf(world)
    const path = join(world.env['DATA_DIR']!, 'other.csv')
    const lines = (await readFile(fixture, 'utf8')).split('\n')
    await writeFile(path, lines.toSpliced(1, 1).join('\n'))
    const { code, err } = await runTool(world, ['trade', path, '--url', hall.url, '--json'])
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringContaining(`under the invoices ${orders[0]!.invoice}:`),
    })
    expect(await rowsOf(world)).toEqual(before)
  })

  test('the record of who did what is whole', async () => {
    const { code, out } = await runTool(world, ['audit', 'verify', '--url', hall.url])
    expect({ code, out }).toEqual({ code: 0, out: [expect.stringContaining('intact')] })
  })
})

const retailTrades = distances.map((each) => ({
  ...each,
  ...(each.spread.topology === undefined ? retailMonth : retailDayAlone),
}))

describe.skipIf(!hasRetailFile).each(retailTrades)(
  'the real trade from $from to $to $distance',
  ({ spread, from, to, sales: sold }) => {
    const { orders: count, grossMinor } = sold
    test('comes out to the penny, by day in reporting and in the ledger, once', { timeout: retailMsMax }, async () => {
      await using world = await openWorld(spread)
      const hall = await world.startAll()
      const args = ['trade', retailFile!, '--from', from, '--to', to, '--url', hall.url, '--json']
      const trade = async () => {
        const { code, out, err } = await runTool(world, args)
        expect({ code, err }).toEqual({ code: 0, err: '' })
        return outcomeOf(out)
      }
      // Killed in the middle, and gone on with.
      const tool = startTool(world, args)
      await eventually(
        () => world.sql<{ n: number }>('SELECT count(*)::int AS n FROM orders.orders'),
        ([placed]) => placed!.n > 50,
        120_000,
      )
      await tool.kill()
      const outcome = await trade()
      expect(outcome).toMatchObject(sold)
      expect(outcome.placed).toBeLessThan(count - 50)
      await settled(world.sql)
      const calls = await callsOf(world, hall.url)
      const sales = await calls.reporting.sales.query({ from, to, currency: 'GBP' })
      expect(sales).toMatchObject({ orders: count, grossMinor, behind: 0 })
      expect(sales.byDay).toContainEqual(expect.objectContaining(retailDay))
      expect(capturedByDay(await calls.payments.totals.query({ currency: 'GBP' }))).toEqual(soldByDay(sales))
      await expectSums(world, { orders: count, grossMinor })
      await expectSameFigures(world, hall)
      expect(await trade()).toMatchObject({ ...sold, placed: 0 })
    })
  },
)

if (!hasRetailFile) {
  console.info('RETAIL_CSV names no file: the real December was not traded, only two invented days.')
}

/** Rebuilds reporting, dry and then in earnest: nothing differs, and nothing has changed. */
async function expectSameFigures(world: World, { url }: OpenHall): Promise<void> {
  await settled(world.sql)
  const figures = await figuresOf(world.sql)
  expect(figures.length).toBeGreaterThan(20)
  for (const how of [['--dry-run'], []]) {
    const { code, out, err } = await runTool(world, ['rebuild', 'reporting', '--url', url, '--json', ...how])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const state = how.length > 0 ? 'compared' : 'swapped'
    expect(JSON.parse(out.at(-1)!)).toMatchObject({ state, differences: [], failure: null, parked: 0 })
    expect(await figuresOf(world.sql)).toEqual(figures)
  }
}

type ByDay<Day> = { byDay: readonly ({ day: string } & Day)[] }

const soldByDay = ({ byDay }: ByDay<{ grossMinor: number }>) => byDay.map(({ day, grossMinor }) => [day, grossMinor])
/** Days on which nothing was captured are left out. */
const capturedByDay = ({ byDay }: ByDay<{ capturedMinor: number }>) =>
  byDay.flatMap(({ day, capturedMinor }) => (capturedMinor === 0 ? [] : [[day, capturedMinor]]))

/** The fixture, in the ways in which a file breaks. */
async function brokenFiles(): Promise<Record<string, string | Uint8Array>> {
  const text = await readFile(fixture, 'utf8')
  const lines = text.split('\n')
  const [header, ...sales] = lines
  const mended = (index: number, line: string) => lines.with(index, line).join('\n')
  return {
    'truncated in a line': text.slice(0, text.lastIndexOf(',') - 9),
    'truncated in the last field': text.slice(0, -3),
    'a gzip truncated': gzipSync(text).subarray(0, 2000),
    'not UTF-8': Buffer.from(mended(40, lines[40]!.replace(/,[^,]*,/, ',£,')), 'latin1'),
    'without a header': sales.join('\n'),
    'with another header': [header!.replace('InvoiceNo', 'Number'), ...sales].join('\n'),
    'a quote that is not closed': mended(40, lines[40]!.replace(',', ',"')),
    'quotes that swallow lines': lines
      .with(40, `${lines[40]}"`)
      .with(38, lines[38]!.replace(/,([^,]*)$/, ',"$1'))
      .join('\n'),
  }
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
