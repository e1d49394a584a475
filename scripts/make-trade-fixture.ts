/**
 * Makes the invented file in the Online Retail format that the suite trades with, and what must come of it:
 * `node scripts/make-trade-fixture.ts` writes `tests/fixtures/trade/two-days.csv` and `expected.json`, always the same.
 *
 * Products, codes and customers are made up. What must come of the file is counted while it is made, from the pence and
 * the kinds of the lines that are about to be written; no rule of the reader is used.
 */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

type Reason = 'cancellation' | 'not_positive' | 'free'
type Item = { code: string; name: string; pence: number }
type Row = {
  item: Item
  code?: string
  name?: string
  quantity: number
  pence: number
  kind: 'sale' | Reason
  minute?: string
}
type Head = { invoice: string; day: string; minute: string; customer: string; country: string; iso: string }
type Day = { orders: number; lines: number; grossMinor: number; skipped: Record<Reason, number> }
type Order = {
  invoice: string
  placedAt: string
  country: string
  customer: string | null
  lines: number
  grossMinor: number
}
type Product = { sku: string; name: string; listPriceMinor: number; stocked: boolean }

const FIRST_DAY = '2011-03-07'
const SECOND_DAY = '2011-03-08'
const MATERIALS = ['TIN', 'OAK', 'WOOL', 'ENAMEL', 'PAPER', 'SLATE', 'LINEN', 'WICKER', 'GLASS', 'CORK']
const THINGS = ['OWL', 'KITE', 'JUG', 'COMPASS', 'BOOT TRAY', 'HEDGEHOG', 'SUNDIAL']
const LANDS = [
  ['United Kingdom', 'GB'],
  ['EIRE', 'IE'],
  ['Channel Islands', 'GG'],
  ['Unspecified', 'ZZ'],
  ['Germany', 'DE'],
  ['RSA', 'ZA'],
  ['Atlantis', 'ZZ'],
] as const

/** A small repeatable source of chance (mulberry32): whole numbers from 0 to below `bound`. */
function createChance(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
}

const chance = createChance(20_110_307)
const goods: Item[] = MATERIALS.flatMap((material, row) =>
  THINGS.map((thing, column) => ({
    code: `${70_100 + row * 11 + column * 3}${['', '', 'A', 'b'][(row + column) % 4] ?? ''}`,
    name: column === 2 ? `${material} ${thing}, 12" TALL` : `${material} ${thing}`,
    pence: 15 + chance(1400),
  })),
)
const services: Item[] = [
  { code: 'POST', name: 'POSTAGE', pence: 1800 },
  { code: 'D', name: 'Discount', pence: 250 },
  { code: 'M', name: 'Manual', pence: 333 },
  { code: 'BANK CHARGES', name: 'Bank Charges', pence: 1500 },
  { code: 'wrap_0007_10', name: 'Wrapping, "festive"', pence: 833 },
]

const text: string[] = ['InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country']
const days: Record<string, Day> = { [FIRST_DAY]: newDay(), [SECOND_DAY]: newDay() }
const orders: Order[] = []
const products = new Map<string, Product>()
let number = 910_000

function newDay(): Day {
  return { orders: 0, lines: 0, grossMinor: 0, skipped: { cancellation: 0, not_positive: 0, free: 0 } }
}

const pick = <T>(items: readonly T[]): T => {
  const item = items[chance(items.length)]
  if (item === undefined) throw new Error('There is nothing to pick from.')
  return item
}

function newHead(day: string, hour: number, prefix = ''): Head {
  const [country, iso] = chance(3) > 0 ? LANDS[0] : pick(LANDS)
  number += 1
  const minute = `${String(hour).padStart(2, '0')}:${String(chance(60)).padStart(2, '0')}`
  return {
    invoice: `${prefix}${number}`,
    day,
    minute,
    customer: chance(3) > 0 ? `${30_100 + chance(40)}.0` : '',
    country,
    iso,
  }
}

const sale = (item: Item, quantity = 1 + chance(24), pence = item.pence): Row => ({
  item,
  quantity,
  pence,
  kind: 'sale',
})
const saleOfGoods = () => sale(pick(goods))

/** Writes an invoice and books what must come of it. */
function write(head: Head, rows: Row[]): void {
  const booked = days[head.day]
  if (booked === undefined) throw new Error(`There is no day ${head.day}.`)
  let sales = 0
  let grossMinor = 0
  for (const row of rows) {
    writeRow(head, row)
    if (row.kind !== 'sale') {
      booked.skipped[row.kind] += 1
      continue
    }
    sales += 1
    grossMinor += row.quantity * row.pence
    rememberProduct(row)
  }
  if (sales === 0) return
  booked.orders += 1
  booked.lines += sales
  booked.grossMinor += grossMinor
  orders.push({
    invoice: head.invoice,
    placedAt: `${head.day}T${head.minute}:00.000Z`,
    country: head.iso,
    customer: head.customer === '' ? null : head.customer.slice(0, -2),
    lines: sales,
    grossMinor,
  })
}

function writeRow(head: Head, row: Row): void {
  const name = row.name ?? row.item.name
  const pounds = `${Math.floor(row.pence / 100)}.${String(row.pence % 100).padStart(2, '0')}`
  const fields = [
    head.invoice,
    row.code ?? row.item.code,
    /[",]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name,
    String(row.quantity),
    row.minute ?? `${head.day} ${head.minute}:00`,
    // As the real file has it: 2.5, not 2.50, and 1.0, not 1.
    pounds.replace(/0$/, ''),
    head.customer,
    head.country,
  ]
  text.push(fields.join(','))
}

function rememberProduct({ item, name, pence }: Row): void {
  const sku = item.code.toUpperCase()
  if (products.has(sku)) return
  const known = name ?? item.name
  products.set(sku, { sku, name: known === '' ? sku : known, listPriceMinor: pence, stocked: !services.includes(item) })
}

const good = (at: number): Item => goods[at] ?? pick(goods)
const service = (at: number): Item => services[at] ?? pick(services)

/** Invoices as most are: a few lines, sometimes postage, sometimes one that is no sale among them. */
function writeUsualInvoices(day: string, count: number): void {
  for (let at = 0; at < count; at += 1) {
    const rows = Array.from({ length: 1 + chance(7) }, saleOfGoods)
    if (at % 6 === 1) rows.push(sale(pick(services), 1))
    if (at % 9 === 3) rows.splice(1, 0, { item: pick(goods), quantity: 2, pence: 0, kind: 'free' })
    if (at % 5 === 2) rows.push({ ...saleOfGoods(), name: 'ANOTHER NAME FOR IT' })
    write(newHead(day, 8 + Math.floor((at * 9) / count)), rows)
  }
}

/** One of everything that is odd in real files. */
function writeOddInvoices(day: string): void {
  const jug = good(2)
  write(newHead(day, 17), [sale(jug, 3), sale(jug, 2, jug.pence + 45), sale(jug, 1)])
  // The same code in both cases, with other names and prices: one product, as its first sale line has it.
  const owl = good(21)
  write(newHead(day, 17), [
    { ...sale(owl, 4), code: owl.code.toLowerCase() },
    { ...sale(owl, 4, 77), code: owl.code.toUpperCase(), name: 'A FINE OWL' },
  ])
  // A service code in both cases.
  write(newHead(day, 17), [{ ...sale(service(2), 1), code: 'm' }, sale(service(2), 2, 1234), sale(service(3), 1)])
  write({ ...newHead(day, 17), customer: '' }, [
    { item: good(69), quantity: 7, pence: 61, kind: 'sale', name: '' },
    saleOfGoods(),
  ])
  write(newHead(day, 17, 'C'), [
    { item: jug, quantity: -3, pence: jug.pence, kind: 'cancellation' },
    { item: service(1), quantity: -1, pence: 250, kind: 'cancellation' },
    // First reason that applies: this one is free and not positive as well.
    { item: good(30), quantity: 0, pence: 0, kind: 'cancellation' },
  ])
  // Stock written off: no customer, no description, no price.
  write({ ...newHead(day, 17), customer: '' }, [
    { item: good(31), quantity: -40, pence: 0, kind: 'not_positive', name: '' },
  ])
  write({ ...newHead(day, 17), customer: '' }, [{ item: good(32), quantity: 5, pence: 0, kind: 'free', name: '?' }])
  const mixed: Row = { item: good(33), quantity: -2, pence: 199, kind: 'not_positive' }
  write(newHead(day, 18), [mixed, saleOfGoods(), { item: good(34), quantity: 0, pence: 99, kind: 'not_positive' }])
  for (const [country, iso] of LANDS) write({ ...newHead(day, 18), country, iso }, [saleOfGoods(), sale(service(0), 1)])
}

writeUsualInvoices(FIRST_DAY, 12)
writeOddInvoices(FIRST_DAY)
write(newHead(FIRST_DAY, 19), Array.from({ length: 132 }, saleOfGoods))
// Goes on past midnight: all of it belongs to the day of its first line.
write({ ...newHead(FIRST_DAY, 23), minute: '23:59' }, [
  saleOfGoods(),
  { ...saleOfGoods(), minute: `${SECOND_DAY} 00:01:00` },
])
writeUsualInvoices(SECOND_DAY, 12)
writeOddInvoices(SECOND_DAY)

const folder = new URL('../tests/fixtures/trade/', import.meta.url)
const expected = { days, orders, products: [...products.values()] }
await writeFile(fileURLToPath(new URL('two-days.csv', folder)), `${text.join('\n')}\n`)
await writeFile(fileURLToPath(new URL('expected.json', folder)), `${JSON.stringify(expected, null, 2)}\n`)
