import fc from 'fast-check'
import { expect, test } from 'vitest'
import { priceLines, skusOf } from './price-lines.ts'

const seed = 2_010_120_1
const variant = (sku: string, amountMinor: number, currency = 'GBP') => ({
  sku,
  name: `the ${sku}`,
  price: { amountMinor, currency },
})
const line = (sku: string, unitPriceMinor: number | null = null) => ({ lineId: sku, sku, quantity: 1, unitPriceMinor })

test('a line costs its agreed price, and without one the catalog’s', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ sku: fc.constantFrom('A', 'B', 'C'), agreed: fc.option(fc.nat()) }), { minLength: 1 }),
      fc.record({ A: fc.nat(), B: fc.nat(), C: fc.nat() }),
      (wanted, prices) => {
        const lines = wanted.map(({ sku, agreed }) => line(sku, agreed))
        const variants = Object.entries(prices).map(([sku, price]) => variant(sku, price))
        const priced = priceLines({ currency: 'GBP', lines }, variants)
        expect(priced.map(({ sku }) => sku)).toEqual(wanted.map(({ sku }) => sku))
        expect(priced.map(({ unitPriceMinor }) => unitPriceMinor)).toEqual(
          wanted.map(({ sku, agreed }) => agreed ?? prices[sku]),
        )
      },
    ),
    { seed },
  )
})

test('SKUs that the catalog does not have are named, at most five, each once', () => {
  const lines = 'GABCADEFG'.split('').map((sku) => line(sku))
  const price = () => priceLines({ currency: 'GBP', lines }, [variant('A', 1)])
  expect(price).toThrow('The catalog does not have G, B, C, D, E and 1 more.')
  expect(() => priceLines({ currency: 'GBP', lines: [line('X')] }, [])).toThrow('The catalog does not have X.')
  expect(skusOf(lines)).toEqual(['G', 'A', 'B', 'C', 'D', 'E', 'F'])
})

test('a list price in another currency is refused, unless the line has an agreed one', () => {
  const variants = [variant('A', 5, 'EUR')]
  expect(() => priceLines({ currency: 'GBP', lines: [line('A')] }, variants)).toThrow('the currency of the cart')
  expect(priceLines({ currency: 'GBP', lines: [line('A', 7)] }, variants)).toMatchObject([{ unitPriceMinor: 7 }])
})
