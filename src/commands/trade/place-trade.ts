import type { HallClient, PlacedInvoice, ReceivedLine } from './hall-client.ts'
import type { SkipCounts, TradeInvoice, TradeTotals } from './invoice.ts'
import type { TradeFile } from './read-invoices.ts'

const PRODUCTS_PER_IMPORT = 200
const INVOICES_PER_QUESTION = 100

export type PlaceOptions = {
  /** How many sales are on their way at the same time. */
  concurrency: number
  /** Aborted: sales that have begun are finished, others are not begun. */
  signal?: AbortSignal
  /** Called with the number of the selected orders that are now in the hall. */
  onProgress?: (orders: number) => void
  /** Milliseconds on a clock that never goes back. */
  now?: () => number
}

/** What the hall has of the selected sales now, how many orders this run placed, and what was no sale. */
export type TradeOutcome = TradeTotals & {
  placed: number
  /** Invoices under whose number the hall has another sale than the file, such as one whose lines were cut off before. */
  different: string[]
  skipped: SkipCounts
  seconds: number
  /** Placed in this run, per second. */
  ordersPerSecond: number
}

/** Imports the file's products and places its selected sales, each after its stock was received. Repeating it adds nothing. */
export async function placeTrade(file: TradeFile, hall: HallClient, options: PlaceOptions): Promise<TradeOutcome> {
  const now = options.now ?? (() => performance.now())
  const startedAt = now()
  const totals: TradeTotals = { orders: 0, lines: 0, grossMinor: 0 }
  const different: string[] = []
  let placed = 0
  const isInHall = (sale: TradeInvoice) => {
    totals.orders += 1
    totals.lines += sale.lines.length
    totals.grossMinor += sale.grossMinor
    options.onProgress?.(totals.orders)
  }
  for (let at = 0; at < file.products.length && options.signal?.aborted !== true; at += PRODUCTS_PER_IMPORT) {
    await hall.importProducts(file.products.slice(at, at + PRODUCTS_PER_IMPORT))
  }
  const isKnown = (sale: TradeInvoice, known: PlacedInvoice) => {
    if (known.grossMinor === sale.grossMinor && known.lines === sale.lines.length) isInHall(sale)
    else different.push(sale.invoice)
  }
  await forEachConcurrently(salesToPlace(file, hall, isKnown), options, async (sale) => {
    const received = stockFor(sale)
    if (received.length > 0) await hall.receiveStock(sale.invoice, received)
    if ((await hall.placeSale(sale)) === 'placed') placed += 1
    isInHall(sale)
  })
  const seconds = round((now() - startedAt) / 1000, 3)
  return {
    ...totals,
    placed,
    different,
    skipped: file.skipped,
    seconds,
    ordersPerSecond: seconds > 0 ? round(placed / seconds, 1) : 0,
  }
}

/** The selected sales that the hall does not have; those that it has are handed to `isKnown`. */
async function* salesToPlace(
  file: TradeFile,
  hall: HallClient,
  isKnown: (sale: TradeInvoice, known: PlacedInvoice) => void,
) {
  for await (const sales of batches(file.invoices(), INVOICES_PER_QUESTION)) {
    // Asking first makes a repeated run quick, and tells what it placed from what was there.
    const known = await hall.placedInvoices(sales.map((sale) => sale.invoice))
    for (const sale of sales) {
      const order = known.get(sale.invoice)
      if (order) isKnown(sale, order)
      else yield sale
    }
  }
}

/** What the sale needs of each stocked SKU, all its lines together. */
export function stockFor(sale: TradeInvoice): ReceivedLine[] {
  const quantities = new Map<string, number>()
  for (const { sku, quantity, stocked } of sale.lines) {
    if (stocked) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity)
  }
  return [...quantities].map(([sku, quantity]) => ({ sku, quantity }))
}

/**
 * Does `work` on the items, at most `concurrency` at a time. The first failure stops the taking of further items; it is thrown
 * when those that had begun are done. After an abort failures are not thrown: the person no longer waits for them.
 */
async function forEachConcurrently<T>(
  items: AsyncGenerator<T>,
  { concurrency, signal }: { concurrency: number; signal?: AbortSignal },
  work: (item: T) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = []
  const goesOn = () => failures.length === 0 && signal?.aborted !== true
  const worker = async () => {
    while (goesOn()) {
      const next = await items.next()
      // Others may have failed, or the person pressed Ctrl-C, while this one waited for its item.
      if (next.done === true || !goesOn()) return
      await work(next.value)
    }
  }
  const guarded = () => worker().catch((error: unknown) => void failures.push(error))
  await Promise.all(Array.from({ length: concurrency }, guarded))
  await items.return(undefined)
  if (failures.length > 0 && signal?.aborted !== true) throw failures[0]
}

async function* batches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

const round = (value: number, digits: number) => Number(value.toFixed(digits))
