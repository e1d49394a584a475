import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dayOf, daysIn } from './day-range.ts'

const instants = fc
  .date({ min: new Date('1990-01-01T00:00:00.000Z'), max: new Date('2090-01-01T00:00:00.000Z'), noInvalidDate: true })
  .map((date) => date.toISOString())

test('a range holds both its ends, over leap days and ends of years', () => {
  expect(daysIn('2010-12-01', '2010-12-01')).toBe(1)
  expect(daysIn('2012-02-28', '2012-03-01')).toBe(3)
  expect(daysIn('2010-12-31', '2011-01-01')).toBe(2)
  expect(daysIn('2010-12-02', '2010-12-01')).toBe(0)
})

test('every instant lies in its own day, and days count whole', () => {
  fc.assert(
    fc.property(instants, instants, (one, other) => {
      const [from, to] = [one, other].toSorted() as [string, string]
      expect(Date.parse(dayOf(one))).toBeLessThanOrEqual(Date.parse(one))
      expect(Date.parse(one) - Date.parse(dayOf(one))).toBeLessThan(86_400_000)
      expect(Number.isInteger(daysIn(dayOf(from), dayOf(to)))).toBe(true)
      expect(daysIn(dayOf(from), dayOf(to))).toBeGreaterThanOrEqual(1)
    }),
    { seed: 20_101_201 },
  )
})
