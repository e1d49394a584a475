import { CommandError } from '../command-error.ts'
import type { TradeInvoice, TradeProduct, TradeTotals, SkipCounts } from './invoice.ts'
import { skipReason, type FileLine } from './parse-line.ts'
import { readLines } from './read-lines.ts'
import { survey, type Selection } from './survey.ts'

/** A file in the Online Retail format, read through once and found sound. */
export type TradeFile = {
  products: TradeProduct[]
  totals: TradeTotals
  skipped: SkipCounts
  /** Reads the selected invoices with their sale lines, streamed, in the order of their last lines. */
  invoices: () => AsyncIterable<TradeInvoice>
}

/**
 * Reads the file once from end to end, so that a broken line is found before anything is placed. Memory grows with the
 * number of invoices and products (a few numbers each), not with the lines. Throws `CommandError`.
 */
export async function openTradeFile(path: string, selection: Selection = {}): Promise<TradeFile> {
  const { selected, ...found } = await survey(readLines(path), selection)
  return { ...found, invoices: () => readInvoices(path, selected) }
}

/**
 * Gathers the lines of the selected invoices (invoice → number of its lines) and yields each when its last line was read.
 * In the files that we know an invoice's lines stand together, so one invoice is held at a time; where they do not, it
 * is held until it is complete.
 */
async function* readInvoices(path: string, selected: Map<string, number>): AsyncGenerator<TradeInvoice> {
  const waiting = new Map(selected)
  const open = new Map<string, TradeInvoice>()
  if (waiting.size === 0) return
  for await (const line of readLines(path)) {
    const linesLeft = waiting.get(line.invoice)
    if (linesLeft === undefined) continue
    const invoice = open.get(line.invoice) ?? newInvoice(line)
    open.set(line.invoice, invoice)
    addLine(invoice, line)
    waiting.set(line.invoice, linesLeft - 1)
    if (linesLeft > 1) continue
    waiting.delete(line.invoice)
    open.delete(line.invoice)
    yield invoice
    if (waiting.size === 0) return
  }
  throw new CommandError(`${path} changed while it was read. Run the command again.`)
}

function newInvoice(line: FileLine): TradeInvoice {
  const { invoice, writtenAt: placedAt, country, customer } = line
  return { invoice, placedAt, country, customer, lines: [], grossMinor: 0 }
}

function addLine(invoice: TradeInvoice, line: FileLine): void {
  if (skipReason(line) !== undefined) return
  const { sku, quantity, unitPriceMinor, stocked } = line
  invoice.lines.push({ sku, quantity, unitPriceMinor, stocked })
  invoice.grossMinor += quantity * unitPriceMinor
}
