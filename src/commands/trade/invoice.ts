/** What the Online Retail format says, in our words. Money is in integer minor units of GBP, instants are ISO 8601 in UTC. */

export const TRADE_CURRENCY = 'GBP'

/** Why a line of the file is no sale; a line is counted under the first that applies, in this order. */
export const SKIP_REASONS = ['cancellation', 'not_positive', 'free'] as const
export type SkipReason = (typeof SKIP_REASONS)[number]
export type SkipCounts = Record<SkipReason, number>

export const noSkips = (): SkipCounts => ({ cancellation: 0, not_positive: 0, free: 0 })

/** One line of a sale. The same SKU may stand on an invoice twice, at different prices. */
export type TradeLine = {
  sku: string
  quantity: number
  /** The line's own price per unit; 0 when the file's price is below half a penny. */
  unitPriceMinor: number
  /** Whether the SKU is goods with stock; false for services such as postage. */
  stocked: boolean
}

/** An invoice with at least one sale line: what becomes one order. */
export type TradeInvoice = {
  invoice: string
  /** When the invoice's first line was written. */
  placedAt: string
  /** ISO 3166 alpha-2; `ZZ` is unknown. */
  country: string
  /** The retailer's customer number, `17850`; null is a guest. */
  customer: string | null
  lines: TradeLine[]
  grossMinor: number
}

/** A product as the first sale line of its code describes it. */
export type TradeProduct = { sku: string; name: string; listPriceMinor: number; stocked: boolean }

export type TradeTotals = { orders: number; lines: number; grossMinor: number }
