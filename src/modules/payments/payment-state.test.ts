import { expect, test } from 'vitest'
import { type KnownPayment, repeatOf } from './payment-state.ts'

const asked = { amountMinor: 100, currency: 'GBP', source: 'card_ok' }
const known = (over: Partial<KnownPayment>): KnownPayment => ({
  ...asked,
  state: 'authorised',
  providerId: 'auth_1',
  declineReason: null,
  ...over,
})

test.each(['authorised', 'capturing', 'captured'] as const)('the same request again finds it %s', (state) => {
  expect(repeatOf(known({ state }), asked)).toEqual({ status: 'succeeded', providerId: 'auth_1' })
})

test('the same request again finds the decline', () => {
  const declined = known({ state: 'declined', declineReason: 'insufficient_funds' })
  expect(repeatOf(declined, asked)).toMatchObject({ status: 'declined', declineReason: 'insufficient_funds' })
})

test('the same request waits for what is not decided', () => {
  expect(repeatOf(known({ state: 'authorising', providerId: null }), asked)).toBe('wait')
})

test.each([{ amountMinor: 101 }, { currency: 'EUR' }, { source: 'card_other' }])(
  'another request is refused: %j',
  (over) => {
    expect(repeatOf(known({}), { ...asked, ...over })).toBe('refuse')
  },
)

test.each(['voiding', 'voided'] as const)('what is %s is not authorised again', (state) => {
  expect(repeatOf(known({ state }), asked)).toBe('refuse')
})
