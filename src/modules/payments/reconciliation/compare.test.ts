import { expect, test } from 'vitest'
import type { Transaction } from '../provider.ts'
import { differenceOf, type Ours } from './compare.ts'

const theirs: Transaction = {
  providerId: 'cap_1',
  key: 'a',
  kind: 'capture',
  status: 'succeeded',
  amountMinor: 100,
  currency: 'GBP',
  authorisation: 'auth_1',
}
const ours: Ours = {
  id: 'a',
  kind: 'capture',
  status: 'succeeded',
  amountMinor: 100,
  currency: 'GBP',
  providerId: 'cap_1',
  authorisation: 'auth_1',
  bookedMinor: 100,
}

test('books that say the same agree; what was declined is not booked', () => {
  expect(differenceOf(ours, theirs)).toBeNull()
  expect(differenceOf({ ...ours, status: 'declined', bookedMinor: 0 }, { ...theirs, status: 'declined' })).toBeNull()
})

test.each([
  ['unknown_here', undefined, theirs],
  ['unknown_there', ours, null],
  ['other_kind', { ...ours, kind: 'refund' }, theirs],
  ['other_currency', { ...ours, currency: 'EUR' }, theirs],
  ['other_amount', { ...ours, amountMinor: 99 }, theirs],
  ['not_decided_here', { ...ours, status: null, providerId: null, bookedMinor: 0 }, theirs],
  ['other_status', { ...ours, status: 'refused', providerId: null, bookedMinor: 0 }, theirs],
  ['other_status', ours, { ...theirs, status: 'declined' as const }],
  ['other_charge', ours, { ...theirs, providerId: 'cap_2' }],
  ['other_charge', ours, { ...theirs, authorisation: 'auth_2' }],
  ['not_booked', { ...ours, bookedMinor: 0 }, theirs],
  ['not_booked', { ...ours, status: 'declined' }, { ...theirs, status: 'declined' as const }],
])('they differ: %s', (kind, known, told) => {
  expect(differenceOf(known, told)).toBe(kind)
})
