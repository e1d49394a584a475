import type { TradeInvoice, TradeProduct } from './invoice.ts'

export type ReceivedLine = { sku: string; quantity: number }
/** What tells one sale under an invoice's number from another. */
export type PlacedInvoice = { lines: number; grossMinor: number }

/**
 * What the trade asks of a hall. Each call may be repeated without another effect, in this run and in every later one, and
 * itself repeats what a restarting hall did not answer; it throws when the hall refuses, or stays away for too long.
 */
export type HallClient = {
  /** Creates the products that the hall does not have; those that it has keep their names and prices. */
  importProducts: (products: TradeProduct[]) => Promise<void>
  /** Those of these invoices that the hall has an order for, by their numbers. */
  placedInvoices: (invoices: string[]) => Promise<ReadonlyMap<string, PlacedInvoice>>
  /** Receives stock under the invoice's number, which an inventory knows once and for ever. */
  receiveStock: (invoice: string, lines: ReceivedLine[]) => Promise<void>
  /** Places the sale as a checkout; `already` if the hall has an order for the invoice. */
  placeSale: (sale: TradeInvoice) => Promise<'placed' | 'already'>
}
