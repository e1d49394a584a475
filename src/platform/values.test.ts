import { expect, test } from 'vitest'
import { day, instant } from './values.ts'

test.each(['2010-12-01', '0001-01-01', '9999-12-31'])('%s is a day that the database knows', (written) => {
  expect(day.safeParse(written).success).toBe(true)
  expect(instant.safeParse(`${written}T08:26:00.000Z`).success).toBe(true)
})

test.each(['0000-01-01', '0000-12-31', '2011-02-29', '-001-01-01', '10000-01-01'])('%s is no day', (written) => {
  expect(day.safeParse(written).success).toBe(false)
  expect(instant.safeParse(`${written}T08:26:00.000Z`).success).toBe(false)
})
