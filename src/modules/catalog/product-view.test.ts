import { expect, test } from 'vitest'
import { choicesFit, viewOf, withPrice } from './product-view.ts'

const money = (amountMinor: number, currency: string) => ({ amountMinor, currency })
const variant = (sku: string, ...values: string[]) => ({
  sku,
  price: money(295, 'GBP'),
  stocked: true,
  choices: values.map((value, index) => ({ name: `Option ${index}`, value })),
})

test('a price in the first currency replaces the first price, another joins it or replaces its own', () => {
  const product = viewOf('prd_1', { code: 'A', name: 'A', variants: [variant('A'), variant('B')] })
  const twice = withPrice(withPrice(product, 'B', money(1, 'EUR')), 'B', money(2, 'EUR'))
  expect(twice.variants[1]).toMatchObject({ price: money(295, 'GBP'), prices: [money(2, 'EUR'), money(295, 'GBP')] })
  const first = withPrice(twice, 'B', money(3, 'GBP'))
  expect(first.variants[1]).toMatchObject({ price: money(3, 'GBP'), prices: [money(2, 'EUR'), money(3, 'GBP')] })
  expect(first.variants[0]).toEqual(product.variants[0])
})

test('variants choose one value of each of the same options, in any order, and no two alike', () => {
  expect(choicesFit([variant('A'), variant('B')])).toBe(true)
  expect(choicesFit([variant('A', 'red', 'S'), variant('B', 'red', 'M')])).toBe(true)
  const turned = { ...variant('B'), choices: variant('B', 'red', 'M').choices.toReversed() }
  expect(choicesFit([variant('A', 'red', 'S'), turned])).toBe(true)
  expect(choicesFit([variant('A', 'red', 'M'), turned])).toBe(false)
  expect(choicesFit([variant('A', 'red'), variant('B', 'red', 'S')])).toBe(false)
  expect(choicesFit([variant('A', 'red'), variant('B')])).toBe(false)
  const twice = { ...variant('A'), choices: [...variant('A', 'red').choices, ...variant('A', 'blue').choices] }
  expect(choicesFit([twice])).toBe(false)
})
