import { owner, type TestHall } from '#testing/hall'
import { readCharges } from '#testing/invariants'
import { describe, expect, test } from 'vitest'
import {
  amountOf,
  announced,
  authorisation as asked,
  expectBooksInOrder,
  handTogether,
  refusalsOf,
  send,
  startPayments as start,
} from './testing/payments.ts'

const reason = (name: string) => ({ data: { reason: name } })
const of = (sums: { authorised?: number; captured?: number; voided?: number; payments?: number }) => ({
  payments: sums.payments ?? 1,
  authorisedMinor: sums.authorised ?? 0,
  capturedMinor: sums.captured ?? 0,
  voidedMinor: sums.voided ?? 0,
  refundedMinor: 0,
})
/** Has the payment captured in full, as orders does. */
async function captured(hall: TestHall): Promise<void> {
  await send(hall, 'capture', amountOf('ord_1:placed', 1250))
  await hall.settle()
}
async function totals(hall: TestHall, days: { from?: string; to?: string } = {}) {
  const { byDay: _, ...sums } = await hall.calls.payments.totals.query({ currency: 'GBP', ...days })
  return sums
}
const takeBack = (hall: TestHall, reference: string, undoesKey: string) =>
  hall.as(owner, { undoesKey }).payments.void.mutate({ reference })

describe.each(['near', 'far'] as const)('payments, %s', (distance) => {
  test('an authorised payment is captured', async () => {
    await using hall = await start(distance)
    const { authorise, get } = hall.calls.payments
    const { paymentId, ...answer } = await authorise.mutate(asked('r'))
    expect(answer).toEqual({ status: 'authorised', declineReason: null })
    await captured(hall)
    expect(await readCharges(hall.paymentsUrl)).toMatchObject([{ capturedMinor: 1250, voidedMinor: 0 }])
    const when = { at: '2026-01-01T12:00:00.000Z', day: '2026-01-01' }
    expect(await get.query({ reference: 'r' })).toEqual({
      id: paymentId,
      reference: 'r',
      state: 'captured',
      amount: { amountMinor: 1250, currency: 'GBP' },
      capturedMinor: 1250,
      refundedMinor: 0,
      entries: [
        { account: 'customer_promise', amountMinor: -1250, ...when },
        { account: 'provider_hold', amountMinor: 1250, ...when },
        { account: 'customer_promise', amountMinor: 1250, ...when },
        { account: 'provider_hold', amountMinor: -1250, ...when },
        { account: 'provider_receivable', amountMinor: 1250, ...when },
        { account: 'sales', amountMinor: -1250, ...when },
      ],
    })
    expect(await announced(hall)).toEqual(['payments.authorised', 'payments.captured'])
    await expectBooksInOrder(hall)
  })

  test('a decline is an answer, is booked, and cannot be captured', async () => {
    await using hall = await start(distance)
    const { authorise } = hall.calls.payments
    const answer = await authorise.mutate(asked('r', 'card_declined'))
    expect(answer).toMatchObject({ status: 'declined', declineReason: 'insufficient_funds' })
    expect(await authorise.mutate(asked('r', 'card_declined'))).toEqual(answer)
    await captured(hall)
    expect(await refusalsOf(hall)).toEqual([{ id: 'capture:ord_1:placed', reason: 'too_much' }])
    expect(await totals(hall)).toEqual(of({ payments: 0 }))
    expect(await announced(hall)).toEqual(['payments.declined'])
    await expectBooksInOrder(hall)
  })

  test('a reference has one payment for ever', async () => {
    await using hall = await start(distance)
    const { authorise } = hall.calls.payments
    const first = await authorise.mutate(asked('r'))
    expect(await authorise.mutate(asked('r'))).toEqual(first)
    const others = [asked('r', 'card_other'), { ...asked('r'), amount: { amountMinor: 1, currency: 'GBP' } }]
    for (const other of others)
      await expect(authorise.mutate(other)).rejects.toMatchObject(reason('payments.reference_used'))
    expect(await totals(hall)).toEqual(of({ authorised: 1250 }))
    await expectBooksInOrder(hall)
  })

  test('asked for by many at once, a reference is charged once', async () => {
    await using hall = await start(distance)
    const answers = await Promise.allSettled(
      Array.from({ length: 8 }, () => hall.calls.payments.authorise.mutate(asked('r'))),
    )
    const refusals = answers.filter((answer) => answer.status === 'rejected')
    for (const { reason: error } of refusals) expect(error).toMatchObject(reason('platform.in_progress'))
    expect(refusals.length).toBeLessThan(8)
    expect(await readCharges(hall.paymentsUrl)).toHaveLength(1)
    await expectBooksInOrder(hall)
  })

  test.each(['card_hang', 'card_hang_before'])(
    'where the answer is lost (%s), the charge is taken back',
    async (card) => {
      await using hall = await start(distance)
      const lost = hall.calls.payments.authorise.mutate(asked('r', card))
      await expect(lost).rejects.toMatchObject(reason('payments.provider_unavailable'))
      await expectBooksInOrder(hall)
      expect(await readCharges(hall.paymentsUrl)).toMatchObject([{ capturedMinor: 0, voidedMinor: 1250 }])
      expect(await hall.calls.payments.get.query({ reference: 'r' })).toMatchObject({ state: 'voided' })
      expect(await totals(hall)).toEqual(of({ authorised: 1250, voided: 1250 }))
      // Nobody was told of it, so nobody is told that it is gone.
      expect(await announced(hall)).toEqual([])
    },
  )

  test('what the provider refuses leaves no charge', async () => {
    await using hall = await start(distance)
    const refused = hall.calls.payments.authorise.mutate(asked('r', 'iban'))
    await expect(refused).rejects.toMatchObject(reason('payments.provider_refused'))
    await expectBooksInOrder(hall)
    expect(await readCharges(hall.paymentsUrl)).toEqual([])
    expect(await totals(hall)).toEqual(of({ payments: 0 }))
  })

  test('an authorisation is taken back, and does not come again', async () => {
    await using hall = await start(distance)
    const { authorise } = hall.calls.payments
    await authorise.mutate(asked('r'), { key: 'k' })
    expect(await takeBack(hall, 'r', 'k')).toEqual({})
    expect(await takeBack(hall, 'r', 'k')).toEqual({})
    await expectBooksInOrder(hall)
    expect(await readCharges(hall.paymentsUrl)).toMatchObject([{ capturedMinor: 0, voidedMinor: 1250 }])
    expect(await announced(hall)).toEqual(['payments.authorised', 'payments.voided'])
    await captured(hall)
    expect(await refusalsOf(hall)).toEqual([{ id: 'capture:ord_1:placed', reason: 'too_much' }])
    await expect(authorise.mutate(asked('r'))).rejects.toMatchObject(reason('payments.reference_used'))
    await expect(authorise.mutate(asked('r'), { key: 'k' })).rejects.toMatchObject(reason('platform.undone'))
  })

  test('taken back before it arrives, an authorisation is refused', async () => {
    await using hall = await start(distance)
    expect(await takeBack(hall, 'r', 'k')).toEqual({})
    const late = hall.calls.payments.authorise.mutate(asked('r'), { key: 'k' })
    await expect(late).rejects.toMatchObject(reason('platform.undone'))
    expect(await readCharges(hall.paymentsUrl)).toEqual([])
    expect(await hall.sql('select 1 from payments.payments')).toEqual([])
  })

  test('what is captured is not taken back', async () => {
    await using hall = await start(distance)
    await hall.calls.payments.authorise.mutate(asked('r'), { key: 'k' })
    await captured(hall)
    expect(await takeBack(hall, 'r', 'k')).toEqual({})
    await expectBooksInOrder(hall)
    expect(await totals(hall)).toEqual(of({ authorised: 1250, captured: 1250 }))
    expect(await hall.calls.payments.get.query({ reference: 'r' })).toMatchObject({ state: 'captured' })
  })

  test('what is being captured is not taken back', async () => {
    await using hall = await start(distance)
    await hall.calls.payments.authorise.mutate(asked('r', 'card_hang_capture'), { key: 'k' })
    const all = amountOf('ord_1:placed', 1250)
    await expect(handTogether(hall, 'capture', [all])).rejects.toThrow('not through')
    expect(await takeBack(hall, 'r', 'k')).toEqual({})
    await captured(hall)
    await expectBooksInOrder(hall)
    expect(await totals(hall)).toEqual(of({ authorised: 1250, captured: 1250 }))
  })

  test('the totals count the days that are asked for', async () => {
    await using hall = await start(distance)
    await hall.calls.payments.authorise.mutate(asked('r'))
    hall.clock.set('2026-01-02T00:00:00.000Z')
    await captured(hall)
    const between = (from: string, to: string) => totals(hall, { from, to })
    expect(await between('2026-01-01', '2026-01-01')).toEqual(of({ authorised: 1250 }))
    expect(await between('2026-01-02', '2026-01-02')).toEqual(of({ payments: 0, captured: 1250 }))
    expect(await hall.calls.payments.totals.query({ currency: 'EUR' })).toEqual({ ...of({ payments: 0 }), byDay: [] })
    await expect(hall.calls.payments.get.query({ reference: 'other' })).rejects.toMatchObject(
      reason('payments.unknown_payment'),
    )
    await expectBooksInOrder(hall)
  })
})
