import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cancel, capture, refund } from './jobs.ts'
import {
  amountOf,
  announced,
  authorisation,
  expectBooksInOrder,
  handTogether,
  letTimePass,
  paymentOf,
  refusalsOf,
  send,
  startPayments,
  sweep,
} from './testing/payments.ts'

const cancellation = { reference: 'r', request: 'ord_1:cancelled' }

describe.each(['near', 'far'] as const)('what orders asks for, %s', (distance) => {
  test('is captured once, however often it is asked for', async () => {
    await using hall = await startPayments(distance)
    const { paymentId } = await hall.calls.payments.authorise.mutate(authorisation('r'))
    for (let times = 0; times < 3; times += 1) await send(hall, 'capture', amountOf('ord_1:placed', 1250))
    await hall.settle()
    await send(hall, 'capture', amountOf('ord_1:placed', 1250))
    await expectBooksInOrder(hall)
    expect(await paymentOf(hall)).toMatchObject({ state: 'captured', captured: 1250 })
    expect(await announced(hall)).toEqual(['payments.authorised', 'payments.captured'])
    const facts = await hall.sql(`select version::int, fact from payments.journal where name = 'payments.captured'`)
    expect(facts).toEqual([
      { version: 2, fact: { paymentId, version: 2, reference: 'r', amountMinor: 1250, currency: 'GBP' } },
    ])
  })

  test('is captured in parts, and given back in parts, up to what there is', async () => {
    await using hall = await startPayments(distance)
    await hall.calls.payments.authorise.mutate(authorisation('r'))
    await send(hall, 'capture', amountOf('a', 250))
    await hall.settle()
    expect(await paymentOf(hall)).toMatchObject({ state: 'authorised', captured: 250 })
    await send(hall, 'refund', amountOf('b', 251))
    await hall.settle()
    expect(await refusalsOf(hall)).toEqual([{ id: 'refund:b', reason: 'too_much' }])
    await send(hall, 'capture', amountOf('c', 1000))
    await hall.settle()
    await send(hall, 'capture', amountOf('d', 1))
    await hall.settle()
    await send(hall, 'refund', amountOf('e', 1200))
    await hall.settle()
    expect(await paymentOf(hall)).toMatchObject({ state: 'captured', captured: 1250, refunded: 1200 })
    await send(hall, 'refund', amountOf('f', 50))
    // Refused once, it stays so, although it would fit by now.
    await send(hall, 'refund', amountOf('b', 251))
    await expectBooksInOrder(hall)
    expect(await paymentOf(hall)).toMatchObject({ state: 'refunded', captured: 1250, refunded: 1250 })
    expect((await refusalsOf(hall)).map(({ id }) => id)).toEqual(['capture:d', 'refund:b'])
  })

  test('is done together, several of one payment too, and each is told with a version of its own', async () => {
    await using hall = await startPayments(distance)
    for (const reference of ['r', 's', 't']) await hall.calls.payments.authorise.mutate(authorisation(reference))
    await handTogether(hall, 'capture', [
      amountOf('a', 250),
      amountOf('b', 1250, { reference: 's' }),
      amountOf('c', 500),
      amountOf('a', 250),
      amountOf('d', 1250, { reference: 'nobody' }),
      amountOf('e', 500),
    ])
    const versions = await hall.sql(
      `select fact->>'reference' as of, version::int, (fact->>'amountMinor')::int as amount from payments.journal
       where name = 'payments.captured' order by 1, 2`,
    )
    expect(versions).toEqual([
      { of: 'r', version: 2, amount: 250 },
      { of: 'r', version: 3, amount: 500 },
      { of: 'r', version: 4, amount: 500 },
      { of: 's', version: 2, amount: 1250 },
    ])
    expect(await refusalsOf(hall)).toEqual([{ id: 'capture:d', reason: 'unknown_payment' }])
    expect(await paymentOf(hall, 't')).toMatchObject({ state: 'authorised', captured: 0 })
    await expectBooksInOrder(hall)
  })

  test('is taken back whole: the rest is voided, what was captured is given back', async () => {
    await using hall = await startPayments(distance)
    await hall.calls.payments.authorise.mutate(authorisation('r'))
    await send(hall, 'capture', amountOf('a', 450))
    await hall.settle()
    await send(hall, 'refund', amountOf('b', 50))
    await hall.settle()
    for (let times = 0; times < 2; times += 1) await send(hall, 'cancel', cancellation)
    await expectBooksInOrder(hall)
    expect(await paymentOf(hall)).toEqual({
      state: 'refunded',
      authorised: 1250,
      captured: 450,
      voided: 800,
      refunded: 450,
    })
    await send(hall, 'capture', amountOf('late', 1))
    await send(hall, 'cancel', { ...cancellation, request: 'again' })
    await send(hall, 'cancel', { reference: 'nobody', request: 'nothing' })
    await expectBooksInOrder(hall)
    expect(await refusalsOf(hall)).toEqual([
      { id: 'cancel:nothing', reason: 'unknown_payment' },
      { id: 'capture:late', reason: 'too_much' },
    ])
    expect(await announced(hall)).toEqual([
      'payments.authorised',
      'payments.captured',
      'payments.refunded',
      'payments.voided',
      'payments.refunded',
    ])
  })

  test('cancelled before anything was captured, all is voided', async () => {
    await using hall = await startPayments(distance)
    await hall.calls.payments.authorise.mutate(authorisation('r'))
    await send(hall, 'cancel', cancellation)
    await expectBooksInOrder(hall)
    expect(await paymentOf(hall)).toMatchObject({ state: 'voided', voided: 1250, refunded: 0 })
  })

  test('cancelled while a capture is on its way, it waits for that and gives it back', async () => {
    await using hall = await startPayments(distance)
    await hall.calls.payments.authorise.mutate(authorisation('r', 'card_hang_capture'))
    await expect(handTogether(hall, 'capture', [amountOf('a', 1250)])).rejects.toThrow('not through')
    await expect(handTogether(hall, 'cancel', [cancellation])).rejects.toThrow('not through')
    expect(await paymentOf(hall)).toMatchObject({ state: 'authorised', captured: 0, voided: 0 })
    await send(hall, 'cancel', cancellation)
    await send(hall, 'capture', amountOf('a', 1250))
    await expectBooksInOrder(hall)
    expect(await paymentOf(hall)).toMatchObject({ state: 'refunded', captured: 1250, refunded: 1250, voided: 0 })
  })

  test.each(['card_hang_capture', 'card_fail_capture_once'])(
    'lost between provider and books, a capture is found by the sweep alone (%s)',
    async (card) => {
      await using hall = await startPayments(distance)
      await hall.calls.payments.authorise.mutate(authorisation('r', card))
      await expect(handTogether(hall, 'capture', [amountOf('a', 1250)])).rejects.toThrow('not through')
      expect(await paymentOf(hall)).toMatchObject({ state: 'authorised', captured: 0 })
      await letTimePass(hall)
      expect(await sweep(hall)).toEqual({ asked: 1, resolved: 1, unavailable: 0 })
      expect(await paymentOf(hall)).toMatchObject({ state: 'captured', captured: 1250 })
      // The job comes again, and finds it done.
      await handTogether(hall, 'capture', [amountOf('a', 1250)])
      await expectBooksInOrder(hall)
      expect(await announced(hall)).toEqual(['payments.authorised', 'payments.captured'])
    },
  )

  test.each(['card_hang_refund', 'card_fail_refund_once'])('a refund goes forward (%s)', async (card) => {
    await using hall = await startPayments(distance)
    await hall.calls.payments.authorise.mutate(authorisation('r', card))
    await send(hall, 'capture', amountOf('a', 1250))
    await hall.settle()
    await expect(handTogether(hall, 'refund', [amountOf('b', 300)])).rejects.toThrow('not through')
    await handTogether(hall, 'refund', [amountOf('b', 300)])
    await expectBooksInOrder(hall)
    expect(await paymentOf(hall)).toMatchObject({ state: 'captured', captured: 1250, refunded: 300 })
  })

  test('one that hangs keeps none of the others from being booked', async () => {
    await using hall = await startPayments(distance)
    await hall.calls.payments.authorise.mutate(authorisation('r', 'card_hang_capture'))
    await hall.calls.payments.authorise.mutate(authorisation('s'))
    const both = [amountOf('b', 1250, { reference: 's' }), amountOf('a', 1250)]
    await expect(handTogether(hall, 'capture', both)).rejects.toThrow('1 requests are not through')
    expect(await paymentOf(hall, 's')).toMatchObject({ state: 'captured' })
    await handTogether(hall, 'capture', both)
    await expectBooksInOrder(hall)
  })

  test('a decline is recorded, and leaves the payment as it was', async () => {
    await using hall = await startPayments(distance)
    await hall.calls.payments.authorise.mutate(authorisation('r', 'card_decline_capture'))
    await send(hall, 'capture', amountOf('a', 1250))
    await hall.settle()
    expect(await hall.sql(`select status, decline_reason from payments.attempts where kind = 'capture'`)).toEqual([
      { status: 'declined', decline_reason: 'authorisation_expired' },
    ])
    expect(await paymentOf(hall)).toMatchObject({ state: 'authorised', captured: 0 })
    await send(hall, 'cancel', cancellation)
    await expectBooksInOrder(hall)
    expect(await paymentOf(hall)).toMatchObject({ state: 'voided' })
    await hall.calls.payments.authorise.mutate(authorisation('s', 'card_decline_refund'))
    await send(hall, 'capture', amountOf('b', 1250, { reference: 's' }))
    await hall.settle()
    await send(hall, 'refund', amountOf('c', 1250, { reference: 's' }))
    await expectBooksInOrder(hall)
    expect(await paymentOf(hall, 's')).toMatchObject({ state: 'captured', captured: 1250, refunded: 0 })
    const told = await hall.sql(
      `select fact->>'kind' as kind, version::int, (fact->>'amountMinor')::int as amount from payments.journal
       where name = 'payments.refused' order by announced_at`,
    )
    expect(told).toEqual([
      { kind: 'capture', version: 2, amount: 1250 },
      { kind: 'refund', version: 3, amount: 1250 },
    ])
  })

  test('what was booked for an order of the past counts on its day', async () => {
    await using hall = await startPayments(distance)
    const valueDay = '2010-12-01'
    await hall.calls.payments.authorise.mutate({ ...authorisation('r'), valueDay })
    await send(hall, 'capture', amountOf('a', 1250, { valueDay }))
    await hall.settle()
    await send(hall, 'refund', amountOf('b', 250))
    await expectBooksInOrder(hall)
    const totals = await hall.calls.payments.totals.query({ currency: 'GBP' })
    expect(totals).toEqual({
      payments: 1,
      authorisedMinor: 1250,
      capturedMinor: 1250,
      voidedMinor: 0,
      refundedMinor: 250,
      byDay: [
        { day: valueDay, authorisedMinor: 1250, capturedMinor: 1250, refundedMinor: 0 },
        { day: '2026-01-01', authorisedMinor: 0, capturedMinor: 0, refundedMinor: 250 },
      ],
    })
    const { entries } = await hall.calls.payments.get.query({ reference: 'r' })
    expect(entries.filter(({ account }) => account === 'sales')).toEqual([
      { account: 'sales', amountMinor: -1250, at: '2026-01-01T12:00:00.000Z', day: valueDay },
    ])
  })

  test('captures and cancellations that come together leave books in order', async () => {
    await using hall = await startPayments(distance)
    await hall.calls.payments.authorise.mutate(authorisation('r'))
    const tries = await Promise.allSettled([
      handTogether(hall, 'capture', [amountOf('a', 700)]),
      handTogether(hall, 'cancel', [cancellation]),
      handTogether(hall, 'capture', [amountOf('b', 700)]),
      handTogether(hall, 'cancel', [cancellation]),
      handTogether(hall, 'capture', [amountOf('a', 700)]),
    ])
    // What met is tried again, as a job is.
    expect(tries).toHaveLength(5)
    await send(hall, 'capture', amountOf('a', 700))
    await send(hall, 'capture', amountOf('b', 700))
    await send(hall, 'cancel', cancellation)
    await expectBooksInOrder(hall)
    const payment = await paymentOf(hall)
    expect(payment!.captured).toBe(payment!.refunded)
    expect(payment!.captured + payment!.voided).toBe(1250)
  })
})

test('whatever is asked for, in whatever order, no more is taken than was promised, and all of it is booked', async () => {
  await using hall = await startPayments('near')
  const amounts = fc.integer({ min: 1, max: 1300 })
  const names = fc.constantFrom('a', 'b', 'c', 'd')
  const wish = fc.record({ kind: fc.constantFrom('capture', 'refund', 'cancel'), name: names, amountMinor: amounts })
  let payments = 0
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(wish, { minLength: 1, maxLength: 4 }), { maxLength: 4 }), async (groups) => {
      payments += 1
      const reference = `r${payments}`
      await hall.calls.payments.authorise.mutate(authorisation(reference))
      for (const group of groups) {
        const together = group.map(({ kind, name, amountMinor }) => {
          const request = `${reference}:${name}`
          const payload =
            kind === 'cancel' ? { reference, request } : { reference, request, amountMinor, currency: 'GBP' }
          return handTogether(hall, kind, [payload])
            .catch(() => handTogether(hall, kind, [payload]))
            .catch(() => undefined)
        })
        await Promise.all(together)
      }
      await letTimePass(hall)
      await sweep(hall)
      const { authorised, captured, voided, refunded } = (await paymentOf(hall, reference))!
      expect(captured + voided).toBeLessThanOrEqual(authorised)
      expect(refunded).toBeLessThanOrEqual(captured)
    }),
    { numRuns: 15, seed: 20_101_201 },
  )
  await expectBooksInOrder(hall)
})

test('jobs that were written down by earlier releases are understood', () => {
  const amount = {
    reference: 'sag_1',
    request: 'ord_1:placed',
    amountMinor: 1250,
    currency: 'GBP',
    valueDay: '2010-12-01',
  }
  expect(capture.payload.parse(amount)).toEqual(amount)
  expect(refund.payload.parse(amount)).toEqual(amount)
  const whole = { reference: 'sag_1', request: 'ord_1:cancelled', valueDay: '2010-12-01' }
  expect(cancel.payload.parse(whole)).toEqual(whole)
})
