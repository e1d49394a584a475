import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BookingKind, entriesOf } from './ledger.ts'

const amounts = fc.integer({ min: 0, max: 1_000_000_000_000 })
const kinds: BookingKind[] = ['authorise', 'capture', 'void', 'refund']

/** The balance of each account after these bookings. */
function balances(...bookings: { kind: BookingKind; amountMinor: number }[]): Record<string, number> {
  const entries = bookings.flatMap(({ kind, amountMinor }) => entriesOf(kind, amountMinor))
  const sums: Record<string, number> = {}
  for (const { account, amountMinor } of entries) sums[account] = (sums[account] ?? 0) + amountMinor
  return sums
}

test.each(kinds)('the entries of %s sum to zero, name an account once, and none is zero', (kind) => {
  fc.assert(
    fc.property(amounts, (amountMinor) => {
      const entries = entriesOf(kind, amountMinor)
      expect(entries.reduce((sum, entry) => sum + entry.amountMinor, 0)).toBe(0)
      expect(new Set(entries.map(({ account }) => account)).size).toBe(entries.length)
      expect(entries.every((entry) => entry.amountMinor !== 0)).toBe(true)
    }),
  )
})

test('a capture empties the hold and leaves a claim on the provider against a sale', () => {
  expect(balances({ kind: 'authorise', amountMinor: 1250 }, { kind: 'capture', amountMinor: 1250 })).toEqual({
    provider_hold: 0,
    customer_promise: 0,
    provider_receivable: 1250,
    sales: -1250,
  })
})

test('captured in part and the rest voided, nothing is held any more', () => {
  fc.assert(
    fc.property(amounts, amounts, (capturedMinor, restMinor) => {
      const after = balances(
        { kind: 'authorise', amountMinor: capturedMinor + restMinor },
        { kind: 'capture', amountMinor: capturedMinor },
        { kind: 'void', amountMinor: restMinor },
      )
      expect(after['provider_hold'] ?? 0).toBe(0)
      expect(after['customer_promise'] ?? 0).toBe(0)
      expect(after['provider_receivable'] ?? 0).toBe(capturedMinor)
    }),
  )
})

test('what is given back is owed to us no more, and leaves the sale as it was', () => {
  const after = balances({ kind: 'capture', amountMinor: 1250 }, { kind: 'refund', amountMinor: 250 })
  expect(after).toMatchObject({ provider_receivable: 1000, sales: -1250, refunds: 250 })
})
