/**
 * The arithmetic of a quote, in integers of the currency's minor unit.
 *
 * Prices include tax. The tax of the whole is rounded once, half up, and then shared out over the lines: each gets its
 * exact share rounded down, and the pennies that are left go to the largest remainders, earlier lines first among equals.
 * So lines and totals add up to the penny, and no line's tax is further than a penny from its exact share.
 */
import { amountMinorMax } from '#platform/values'
import { tooMuch } from './errors.ts'

export type PricedLine = { lineId: string; quantity: number; unitPriceMinor: number }
export type QuotedLine = { lineId: string; grossMinor: number; netMinor: number; taxMinor: number }
export type Quote = { lines: QuotedLine[]; netMinor: number; taxMinor: number; grossMinor: number }

/** `taxBasisPoints` is the rate on the net price: 2000 is 20 %. Throws `pricing.too_much` above `amountMinorMax`. */
export function quoteLines(lines: readonly PricedLine[], taxBasisPoints: number): Quote {
  // Products beyond the limit may be inexact, but never come out below it.
  const grosses = lines.map(({ quantity, unitPriceMinor }) => quantity * unitPriceMinor)
  const grossMinor = grosses.reduce((sum, gross) => sum + gross, 0)
  if (grossMinor > amountMinorMax) throw tooMuch()
  const taxes = taxOfEach(grosses, taxBasisPoints)
  const taxMinor = taxes.reduce((sum, tax) => sum + tax, 0)
  return {
    lines: lines.map(({ lineId }, index) => {
      const [gross = 0, tax = 0] = [grosses[index], taxes[index]]
      return { lineId, grossMinor: gross, netMinor: gross - tax, taxMinor: tax }
    }),
    netMinor: grossMinor - taxMinor,
    taxMinor,
    grossMinor,
  }
}

/** The tax contained in each gross amount; together they are the tax contained in the sum, rounded half up. */
function taxOfEach(grosses: readonly number[], taxBasisPoints: number): number[] {
  const rate = BigInt(taxBasisPoints)
  const whole = 10_000n + rate
  // BigInt: the largest gross times the largest rate passes 2^53.
  const shares = grosses.map((gross, index) => {
    const exact = BigInt(gross) * rate
    return { index, tax: Number(exact / whole), remainder: Number(exact % whole) }
  })
  const gross = BigInt(grosses.reduce((sum, amount) => sum + amount, 0))
  const total = Number((2n * gross * rate + whole) / (2n * whole))
  const left = total - shares.reduce((sum, { tax }) => sum + tax, 0)
  const luckiest = shares.toSorted((one, other) => other.remainder - one.remainder || one.index - other.index)
  const withPenny = new Set(luckiest.slice(0, left).map(({ index }) => index))
  return shares.map(({ index, tax }) => tax + (withPenny.has(index) ? 1 : 0))
}
