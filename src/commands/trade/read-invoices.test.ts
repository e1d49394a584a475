import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TradeInvoice } from './invoice.ts'
import { parseMinor } from './parse-line.ts'
import { openTradeFile, type TradeFile } from './read-invoices.ts'
import expected from '../../../tests/fixtures/trade/expected.json' with { type: 'json' }

const FIXTURE = 'tests/fixtures/trade/two-days.csv'
const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country'
const RETAIL_CSV = process.env['RETAIL_CSV']

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hall-trade-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function fileOf(content: string | Uint8Array): Promise<string> {
  const path = join(folder, 'trade.csv')
  await writeFile(path, content)
  return path
}

const csv = (...lines: string[]) => fileOf([HEADER, ...lines, ''].join('\n'))

async function invoicesOf(file: TradeFile): Promise<TradeInvoice[]> {
  const invoices: TradeInvoice[] = []
  for await (const invoice of file.invoices()) invoices.push(invoice)
  return invoices
}

const added = (a: number, b: number) => a + b

test('the fixture holds what its maker counted, order by order', async () => {
  const file = await openTradeFile(FIXTURE)
  const orders = (await invoicesOf(file)).map((invoice) => ({ ...invoice, lines: invoice.lines.length }))
  expect(orders).toEqual(expected.orders)
  expect(file.products).toEqual(expected.products)
  expect(file.totals.grossMinor).toBe(
    Object.values(expected.days)
      .map((day) => day.grossMinor)
      .reduce(added),
  )
})

test.each(Object.entries(expected.days))(
  '%s can be chosen alone, and products are still those of the whole file',
  async (day, counted) => {
    const file = await openTradeFile(FIXTURE, { from: day, to: day })
    expect({ ...file.totals, skipped: file.skipped }).toEqual(counted)
    expect(file.products).toEqual(expected.products)
    expect((await invoicesOf(file)).map((invoice) => invoice.grossMinor).reduce(added)).toBe(counted.grossMinor)
  },
)

test('a gzipped file is told by its first bytes', async () => {
  const path = await fileOf(gzipSync(await readFile(FIXTURE)))
  expect((await openTradeFile(path)).totals).toEqual((await openTradeFile(FIXTURE)).totals)
})

test('the limit counts invoices with a sale', async () => {
  const path = await csv(
    'C1,70001,A,-1,2011-01-01 10:00:00,1.0,,EIRE',
    '2,70001,A,1,2011-01-01 10:00:00,1.0,,EIRE',
    '3,70001,A,1,2011-01-01 10:00:00,0.0,,EIRE',
    '4,70001,A,1,2011-01-01 10:00:00,2.0,,EIRE',
    '5,70001,A,1,2011-01-01 10:00:00,0.0,,EIRE',
    '6,70001,A,1,2011-01-01 10:00:00,3.0,,EIRE',
  )
  const file = await openTradeFile(path, { limit: 2 })
  expect((await invoicesOf(file)).map(({ invoice }) => invoice)).toEqual(['2', '4'])
  expect(file.totals).toEqual({ orders: 2, lines: 2, grossMinor: 300 })
  expect(file.skipped).toEqual({ cancellation: 1, not_positive: 0, free: 1 })
})

test('an invoice whose lines are scattered is still one invoice, of the day of its first line', async () => {
  const path = await csv(
    '1,70001,A,1,2011-01-01 23:59:00,1.0,30001.0,EIRE',
    '2,70001,A,1,2011-01-02 00:00:00,2.0,,France',
    '1,70001,A,2,2011-01-02 00:01:00,1.5,,France',
  )
  const [late, ...others] = await invoicesOf(await openTradeFile(path, { to: '2011-01-01' }))
  expect(others).toEqual([])
  expect(late).toMatchObject({
    placedAt: '2011-01-01T23:59:00.000Z',
    country: 'IE',
    customer: '30001',
    grossMinor: 400,
  })
})

test('columns may stand in any order, under a byte order mark, with Windows line ends', async () => {
  const path = await fileOf(
    '\uFEFFCountry,UnitPrice,InvoiceNo,StockCode,Description,Quantity,InvoiceDate,CustomerID,Extra\r\nEIRE,2.5,1,70001a,,3.0,2011-01-01T10:00,30001,x\r\n',
  )
  const file = await openTradeFile(path)
  expect(file.products).toEqual([{ sku: '70001A', name: '70001A', listPriceMinor: 250, stocked: true }])
  expect(file.totals).toEqual({ orders: 1, lines: 1, grossMinor: 750 })
})

test('prices become pence by their digits, half up', () => {
  const prices = ['2.55', '1.005', '0.004', '0.005', '4.161', '11.125', '38970', '0.1', '-0.001', '-1.5', '0.29']
  expect(prices.map(parseMinor)).toEqual([255, 101, 0, 1, 416, 1113, 3_897_000, 10, 0, -150, 29])
})

test('a price below half a penny is a sale of nothing, not a free line', async () => {
  const file = await openTradeFile(
    await csv('1,70001,A,9,2011-01-01 10:00:00,0.001,,EIRE', '2,70001,A,9,2011-01-01 10:00:00,-1,,EIRE'),
  )
  expect(file.totals).toEqual({ orders: 1, lines: 1, grossMinor: 0 })
  expect(file.skipped.free).toBe(1)
})

const GOOD = '1,70001,A,1,2011-01-01 10:00:00,1.0,,EIRE'
test.each([
  ['a price', '1,70001,A,1,2011-01-01 10:00:00,1;5,,EIRE', /line 3: UnitPrice "1;5"/],
  ['a date', '1,70001,A,1,2011-02-30 10:00:00,1.5,,EIRE', /line 3: InvoiceDate "2011-02-30 10:00:00".*write it like/],
  ['a quantity', '1,70001,A,1.5,2011-01-01 10:00:00,1.5,,EIRE', /line 3: Quantity "1.5"/],
  ['too few fields', '1,70001,A,1', /line 3: it has 4 fields where the header has 8/],
  ['no code', '1,,A,1,2011-01-01 10:00:00,1.5,,EIRE', /line 3: StockCode is empty/],
  ['no code that a hall takes', '1,§1,A,1,2011-01-01 10:00:00,1.5,,EIRE', /line 3: StockCode "§1"/],
  ['too many', '1,70001,A,1000001,2011-01-01 10:00:00,1.5,,EIRE', /line 3: Quantity "1000001"/],
  ['a long name', `1,70001,${'A'.repeat(301)},1,2011-01-01 10:00:00,1.5,,EIRE`, /line 3: Description is longer/],
  ['an open quote', '1,70001,"A,1,2011-01-01 10:00:00,1.5,,EIRE', /line 3: a quote that is opened here is not closed/],
  ['a quote within a field', `1,70001,12" RULER,1,2011-01-01 10:00:00,1.5,,EIRE`, /line 3: it is not valid CSV/],
])('a broken line is named with its number: %s', async (_what, line, message) => {
  await expect(openTradeFile(await csv(GOOD, line))).rejects.toThrow(message)
})

test.each([
  ['nothing', '', /is empty/],
  ['other columns', 'a,b,c\n1,2,3\n', /line 1: the header lacks InvoiceNo, StockCode/],
  ['a spreadsheet', 'PK\u0003\u0004rest', /Save it as CSV/],
  ['no header', `${GOOD}\n${GOOD}\n`, /line 1: the header lacks InvoiceNo, StockCode/],
  [
    'another encoding',
    Buffer.from(`${HEADER}\n${GOOD}\n1,70001,\u00a3,1\n`, 'latin1'),
    /line 3: it is not text in UTF-8/,
  ],
  [
    'half a letter at its end',
    Buffer.from(`${HEADER}\n${GOOD}\n1,7,£`).subarray(0, -1),
    /line 3: it is not text in UTF-8/,
  ],
  ['one endless line', `${HEADER}\n${'x'.repeat(1_100_000)}`, /line 2: it does not end/],
  ['a last line cut off', `${HEADER}\n${GOOD}\n${GOOD.slice(0, 20)}`, /line 3: it has 5 fields/],
  ['a last line cut off in its country', `${HEADER}\n${GOOD}\n${GOOD.slice(0, -1)}`, /line 3: the file breaks off/],
  ['broken gzip', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]), /line 1: its gzip data is broken or cut off/],
])('a file that is something else is refused in plain words: %s', async (_what, content, message) => {
  await expect(openTradeFile(await fileOf(content))).rejects.toThrow(message)
})

test('an open quote is named by its own line, however much follows', async () => {
  const lines = [...Array<string>(2999).fill(GOOD), GOOD.replace('A', '"A'), ...Array<string>(40_000).fill(GOOD)]
  await expect(openTradeFile(await csv(...lines))).rejects.toThrow(/line 3001: a quote that is opened here/)
  const closedLater = [GOOD, GOOD.replace('A', '"A'), GOOD, GOOD.replace('A', 'A"'), GOOD]
  await expect(openTradeFile(await csv(...closedLater))).rejects.toThrow(
    /line 3: a quote that is opened here is closed only in line 5/,
  )
})

test('a gzip that is cut off is named by the first line that is not whole', async () => {
  const lines = Array.from({ length: 5000 }, (_, index) => GOOD.replace('A', `A${(index * 7919) % 5003}`))
  const zipped = gzipSync([HEADER, ...lines, ''].join('\n'))
  const refusal = openTradeFile(await fileOf(zipped.subarray(0, zipped.length / 2)))
  const { message } = (await refusal.catch((error: Error) => error)) as Error
  const line = Number(/line (\d+): its gzip data is broken or cut off here/.exec(message)?.[1])
  expect(line).toBeGreaterThan(1000)
  expect(line).toBeLessThan(4000)
})

test('the last line needs no end, where it is whole', async () => {
  expect((await openTradeFile(await fileOf(`${HEADER}\n${GOOD}`))).totals).toMatchObject({ orders: 1 })
})

test('a missing file and a folder are refused in plain words', async () => {
  await expect(openTradeFile(join(folder, 'none.csv'))).rejects.toThrow(/There is no file/)
  await expect(openTradeFile(folder)).rejects.toThrow(/is not a file/)
})

test('the real December 2010 counts as the retailer counted', async ({ skip }) => {
  skip(RETAIL_CSV === undefined, 'RETAIL_CSV names no file: the real December was not read')
  const path = RETAIL_CSV ?? ''
  const whole = await openTradeFile(path)
  expect(whole.totals).toEqual({ orders: 1559, lines: 41_480, grossMinor: 82_374_614 })
  expect(whole.skipped).toEqual({ cancellation: 728, not_positive: 70, free: 203 })
  const first = await openTradeFile(path, { from: '2010-12-01', to: '2010-12-01' })
  expect(first.totals).toEqual({ orders: 127, lines: 3072, grossMinor: 5_896_079 })
  const second = await openTradeFile(path, { from: '2010-12-02', to: '2010-12-02' })
  expect(second.totals).toMatchObject({ orders: 142, grossMinor: 4_774_838 })
})
