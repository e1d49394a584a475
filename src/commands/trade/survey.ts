import { noSkips, SKIP_REASONS, type SkipCounts, type TradeProduct, type TradeTotals } from './invoice.ts'
import { skipReason, type FileLine } from './parse-line.ts'

/** Which invoices are wanted: days in UTC, both inclusive; `limit` counts invoices with a sale. */
export type Selection = { from?: string; to?: string; limit?: number }

/** What the first pass over a file finds out. */
export type Survey = {
  /** Every product of the whole file, whatever was selected: a later run must not find another name or price. */
  products: TradeProduct[]
  /** The selected invoices' sales. */
  totals: TradeTotals
  /** The lines that are no sales, of the selected days, and with a limit up to the last selected invoice. */
  skipped: SkipCounts
  /** The selected invoices that have a sale, in the order of their first lines, with the number of all their lines. */
  selected: Map<string, number>
}

type Tally = { day: string; lines: number; sales: number; grossMinor: number; skipped: SkipCounts }

/**
 * Judges every line once and keeps a tally per invoice and per product, never the lines. An invoice belongs to the day of
 * its first line, even if it goes on past midnight.
 */
export async function survey(lines: AsyncIterable<FileLine>, selection: Selection): Promise<Survey> {
  const products = new Map<string, TradeProduct>()
  const tallies = new Map<string, Tally>()
  for await (const line of lines) {
    const tally = tallies.get(line.invoice) ?? newTally(line)
    tallies.set(line.invoice, tally)
    tally.lines += 1
    const reason = skipReason(line)
    if (reason !== undefined) {
      tally.skipped[reason] += 1
      continue
    }
    tally.sales += 1
    tally.grossMinor += line.quantity * line.unitPriceMinor
    if (!products.has(line.sku)) products.set(line.sku, productOf(line))
  }
  return { products: [...products.values()], ...select(tallies, selection) }
}

function select(tallies: Map<string, Tally>, { from, to, limit }: Selection): Omit<Survey, 'products'> {
  const totals: TradeTotals = { orders: 0, lines: 0, grossMinor: 0 }
  const skipped = noSkips()
  const selected = new Map<string, number>()
  for (const [invoice, tally] of tallies) {
    if (limit !== undefined && selected.size >= limit) break
    if ((from !== undefined && tally.day < from) || (to !== undefined && tally.day > to)) continue
    for (const reason of SKIP_REASONS) skipped[reason] += tally.skipped[reason]
    if (tally.sales === 0) continue
    selected.set(invoice, tally.lines)
    totals.orders += 1
    totals.lines += tally.sales
    totals.grossMinor += tally.grossMinor
  }
  return { totals, skipped, selected }
}

function newTally(line: FileLine): Tally {
  return { day: line.writtenAt.slice(0, 10), lines: 0, sales: 0, grossMinor: 0, skipped: noSkips() }
}

function productOf(line: FileLine): TradeProduct {
  return { sku: line.sku, name: line.name, listPriceMinor: line.unitPriceMinor, stocked: line.stocked }
}
