import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergeLines, sameLines } from './lines.ts'

const seed = 20_101_201
const lists = fc.array(
  fc.record({
    sku: fc.constantFrom('A', 'A1', 'B-1', 'B.1', 'B/1', '85123A', '22423'),
    quantity: fc.integer({ min: 1, max: 9 }),
  }),
  { maxLength: 30 },
)

test('merged lines hold each SKU once, in one order, and all the units', () => {
  fc.assert(
    fc.property(lists, (lines) => {
      const merged = mergeLines(lines)
      const skus = merged.map(({ sku }) => sku)
      expect(skus).toEqual([...new Set(skus)].toSorted())
      for (const { sku, quantity } of merged) {
        const units = lines.filter((line) => line.sku === sku).reduce((sum, line) => sum + line.quantity, 0)
        expect(quantity).toBe(units)
      }
      expect(new Set(skus)).toEqual(new Set(lines.map(({ sku }) => sku)))
    }),
    { seed },
  )
})

test('the same lines in another order, or split up, are the same; other units are not', () => {
  fc.assert(
    fc.property(lists, (lines) => {
      const split = lines.flatMap(({ sku, quantity }) => Array.from({ length: quantity }, () => ({ sku, quantity: 1 })))
      expect(sameLines(mergeLines(lines), mergeLines(split.toReversed()))).toBe(true)
      expect(sameLines(mergeLines(lines), mergeLines([...lines, { sku: 'A', quantity: 1 }]))).toBe(false)
    }),
    { seed },
  )
})
