import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assertForSale, currenciesOf, priceLines, skusOf, sortLines } from './price-lines.ts'

const seed = 2_010_120_1
const variant = (sku: string, amountMinor: number, currency = 'GBP') => ({
  sku,
  name: `the ${sku}`,
  prices: [{ amountMinor, currency }],
  stocked: true,
  published: true,
})
const gbp = (amountMinor: number) => ({ amountMinor, currency: 'GBP' })
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

test('of several list prices the one in the currency of the cart counts', () => {
  const inBoth = { ...variant('A', 5, 'EUR'), prices: [gbp(7), { amountMinor: 5, currency: 'EUR' }] }
  const price = (currency: string) => priceLines({ currency, lines: [line('A')] }, [inBoth])
  expect([price('GBP'), price('EUR')]).toMatchObject([[{ unitPriceMinor: 7 }], [{ unitPriceMinor: 5 }]])
  expect(() => price('USD')).toThrow('The price of A must be in the currency of the cart.')
})

test('new lines have the currencies that all of them have a price in', () => {
  const inBoth = { ...variant('A', 5), prices: [gbp(5), { amountMinor: 6, currency: 'EUR' }] }
  const known = assertForSale([{ sku: 'A' }, { sku: 'B' }], [inBoth, variant('B', 1)])
  const currencies = (...lines: Parameters<typeof currenciesOf>[0]) => currenciesOf(lines, known)
  expect(currencies({ sku: 'A' })).toEqual(['GBP', 'EUR'])
  expect(currencies({ sku: 'A' }, { sku: 'B' })).toEqual(['GBP'])
  expect(currencies({ sku: 'A', unitPrice: { amountMinor: 1, currency: 'EUR' } }, { sku: 'B' })).toEqual([])
})

test('what is not published is not for sale, at no price', () => {
  const draft = { ...variant('A', 5), published: false }
  const price = () => priceLines({ currency: 'GBP', lines: [line('B'), line('A', 7)] }, [draft, variant('B', 1)])
  expect(price).toThrow('Not for sale at present: A.')
})

test('of what is shown, lines that cannot be bought are told apart, each with what is wrong', () => {
  const variants = [variant('A', 5), { ...variant('B', 7), published: false }, variant('C', 9, 'EUR')]
  const lines = [line('A'), line('B'), line('C'), line('C', 4), line('D')]
  const { priced, barred } = sortLines({ currency: 'GBP', lines }, variants)
  expect(priced.map(({ sku, unitPriceMinor }) => [sku, unitPriceMinor])).toEqual([
    ['A', 5],
    ['C', 4],
  ])
  expect(barred.map(({ sku, name, unitPriceMinor, problem }) => [sku, name, unitPriceMinor, problem])).toEqual([
    ['B', 'the B', 7, 'not_available'],
    ['C', 'the C', 0, 'no_price'],
    ['D', 'D', 0, 'not_available'],
  ])
})
