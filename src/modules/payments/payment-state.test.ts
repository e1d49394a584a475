import { expect, test } from 'vitest'
import { type Amounts, type KnownPayment, obstacleTo, obstacleToCancel, repeatOf } from './payment-state.ts'

const asked = { amountMinor: 100, currency: 'GBP', source: 'card_ok' }
const known = (over: Partial<KnownPayment>): KnownPayment => ({
  ...asked,
  state: 'authorised',
  providerId: 'auth_1',
  declineReason: null,
  ...over,
})

test.each(['authorised', 'captured', 'refunded'] as const)('the same request again finds it %s', (state) => {
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

const amounts = (over: Partial<Amounts>): Amounts => ({
  state: 'authorised',
  currency: 'GBP',
  authorisedMinor: 100,
  capturedMinor: 0,
  voidedMinor: 0,
  refundedMinor: 0,
  capturingMinor: 0,
  voidingMinor: 0,
  refundingMinor: 0,
  ...over,
})
const wanted = (kind: 'capture' | 'refund', amountMinor = 60) => ({ kind, amountMinor, currency: 'GBP' })

test.each([
  ['nobody has paid', 'unknown_payment', wanted('capture'), undefined],
  ['it is in another currency', 'other_currency', wanted('capture'), amounts({ currency: 'EUR' })],
  ['it is not authorised yet', 'wait', wanted('capture'), amounts({ state: 'authorising', authorisedMinor: 0 })],
  ['too little is left', 'too_much', wanted('capture'), amounts({ capturedMinor: 50 })],
  ['too little is left, but that may change', 'wait', wanted('capture'), amounts({ capturingMinor: 50 })],
  ['it was declined', 'too_much', wanted('capture'), amounts({ state: 'declined', authorisedMinor: 0 })],
  ['the checkout takes it back', 'too_much', wanted('capture'), amounts({ state: 'voiding' })],
  ['nothing was captured', 'too_much', wanted('refund'), amounts({})],
  ['a capture is on its way', 'wait', wanted('refund'), amounts({ capturingMinor: 100 })],
  ['most was given back', 'too_much', wanted('refund'), amounts({ capturedMinor: 100, refundedMinor: 50 })],
  ['it fits by now', 'wait', wanted('refund'), amounts({ capturedMinor: 100 })],
] as const)('what is in the way where %s: %s', (...[, obstacle, request, payment]) => {
  expect(obstacleTo(request, payment)).toBe(obstacle)
})

test.each([
  ['nobody has paid', 'unknown_payment', undefined],
  ['it is not authorised yet', 'wait', amounts({ state: 'authorising' })],
  ['a refund is on its way', 'wait', amounts({ state: 'captured', capturedMinor: 100, refundingMinor: 10 })],
  ['all was given back', null, amounts({ state: 'refunded', capturedMinor: 100, refundedMinor: 100 })],
  ['all was voided', null, amounts({ state: 'voided', voidedMinor: 100 })],
] as const)('what is in the way of a cancellation where %s: %s', (_, obstacle, payment) => {
  expect(obstacleToCancel(payment)).toBe(obstacle)
})
