import { amountMinorMax } from '#platform/values'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type PricedLine, quoteLines } from './quote-lines.ts'

const seed = 20_101_201
const rates = fc.oneof(fc.constantFrom(0, 700, 1900, 2000, 2300, 2550, 10_000), fc.integer({ min: 0, max: 10_000 }))
const basket = (line: fc.Arbitrary<{ quantity: number; unitPriceMinor: number }>) =>
  fc
    .array(line, { minLength: 1, maxLength: 60 })
    .map((lines) => lines.map((it, index): PricedLine => ({ lineId: `lin_${index}`, ...it })))
const everyday = fc.record({ quantity: fc.integer({ min: 1, max: 500 }), unitPriceMinor: fc.nat({ max: 50_000 }) })
// Together at most the limit, and far beyond what a product of doubles would hold exactly.
const enormous = fc.record({
  quantity: fc.integer({ min: 1, max: 1000 }),
  unitPriceMinor: fc.nat({ max: Math.floor(amountMinorMax / 60 / 1000) }),
})
const baskets = fc.oneof(basket(everyday), basket(enormous))

const sumOf = (amounts: number[]) => amounts.reduce((sum, amount) => sum + amount, 0)

test('lines and totals add up to the penny, for any basket and rate', () => {
  fc.assert(
    fc.property(baskets, rates, (lines, rate) => {
      const quote = quoteLines(lines, rate)
      expect(quote.lines.map(({ lineId }) => lineId)).toEqual(lines.map(({ lineId }) => lineId))
      expect(quote.grossMinor).toBe(sumOf(lines.map(({ quantity, unitPriceMinor }) => quantity * unitPriceMinor)))
      expect(quote.taxMinor).toBe(sumOf(quote.lines.map(({ taxMinor }) => taxMinor)))
      expect(quote.netMinor).toBe(sumOf(quote.lines.map(({ netMinor }) => netMinor)))
      expect(quote.netMinor + quote.taxMinor).toBe(quote.grossMinor)
      for (const { grossMinor, netMinor, taxMinor } of quote.lines) {
        expect(netMinor + taxMinor).toBe(grossMinor)
        expect(Math.min(netMinor, taxMinor)).toBeGreaterThanOrEqual(0)
      }
    }),
    { seed },
  )
})

test('the tax of the whole is its exact share rounded half up, and no line is a penny or more from its own', () => {
  fc.assert(
    fc.property(baskets, rates, (lines, rate) => {
      const quote = quoteLines(lines, rate)
      const whole = 10_000n + BigInt(rate)
      // exact − ½ < tax ≤ exact + ½, in wholes of twice the divisor.
      const twiceOver = 2n * (BigInt(quote.taxMinor) * whole - BigInt(quote.grossMinor) * BigInt(rate))
      expect(twiceOver <= whole && twiceOver > -whole).toBe(true)
      for (const { grossMinor, taxMinor } of quote.lines) {
        const over = BigInt(taxMinor) * whole - BigInt(grossMinor) * BigInt(rate)
        expect(over < whole && over > -whole).toBe(true)
      }
    }),
    { seed },
  )
})

test('the same basket is always quoted the same, and untaxed it is all net', () => {
  fc.assert(
    fc.property(baskets, rates, (lines, rate) => {
      expect(quoteLines(lines, rate)).toEqual(quoteLines(structuredClone(lines), rate))
      expect(quoteLines(lines, 0)).toMatchObject({ taxMinor: 0, netMinor: quoteLines(lines, rate).grossMinor })
    }),
    { seed },
  )
})

test('pennies that are left go to the largest remainders, and to earlier lines among equals', () => {
  const line = (lineId: string, unitPriceMinor: number) => ({ lineId, quantity: 1, unitPriceMinor })
  const taxesOf = (...prices: number[]) =>
    quoteLines(
      prices.map((price, index) => line(`${index}`, price)),
      2000,
    ).lines.map(({ taxMinor }) => taxMinor)
  // 3 × 0.1667 is 0.5: half up gives one penny, to the first of three equals.
  expect(taxesOf(1, 1, 1)).toEqual([1, 0, 0])
  // 0.1667, 0.8333 and 0.5 are 1.5: two pennies, to the largest remainders.
  expect(taxesOf(1, 5, 3)).toEqual([0, 1, 1])
  expect(taxesOf(120)).toEqual([20])
})

test('a total above the limit is refused, also where doubles are no longer exact', () => {
  const line = { lineId: 'lin_1', quantity: 1, unitPriceMinor: amountMinorMax }
  expect(quoteLines([line], 2000).grossMinor).toBe(amountMinorMax)
  const tooMuch = expect.objectContaining({ reason: 'pricing.too_much' })
  const attempt = (lines: PricedLine[]) => () => quoteLines(lines, 2000)
  expect(attempt([line, { ...line, lineId: 'lin_2', unitPriceMinor: 1 }])).toThrow(tooMuch)
  expect(attempt([{ ...line, quantity: 1_000_000 }])).toThrow(tooMuch)
})
