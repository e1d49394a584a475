import { chargeChecks, moneyChecks } from '#testing/book-checks'
import { type Distance, owner, startTestHall, type TestHall } from '#testing/hall'
import { readCharges } from '#testing/invariants'
import { describe, expect, test } from 'vitest'

const start = (distance: Distance) =>
  startTestHall({ modules: ['payments'], distance, leaseMs: 400, env: { PAYMENTS_TIMEOUT_MS: '300' } })

const asked = (reference: string, source = 'card_ok') => ({
  reference,
  source,
  amount: { amountMinor: 1250, currency: 'GBP' },
})
const reason = (name: string) => ({ data: { reason: name } })
const of = (sums: { authorised?: number; captured?: number; voided?: number; payments?: number }) => ({
  payments: sums.payments ?? 1,
  authorisedMinor: sums.authorised ?? 0,
  capturedMinor: sums.captured ?? 0,
  voidedMinor: sums.voided ?? 0,
})
const totals = (hall: TestHall) => hall.calls.payments.totals.query({ currency: 'GBP' })
const takeBack = (hall: TestHall, reference: string, undoesKey: string) =>
  hall.as(owner, { undoesKey }).payments.void.mutate({ reference })

/** Once all has settled: the books sum up, and every charge has its row, every row its charge. */
async function expectBooksInOrder(hall: TestHall) {
  await hall.settle()
  const charges = JSON.stringify(await readCharges(hall.paymentsUrl))
  // These payments belong to no checkout, and an authorisation that nobody captures is a fine end here.
  const checks = moneyChecks.filter(({ text, settled }) => !settled && !text.includes('checkout'))
  for (const { says, text } of checks) expect({ says, what: await hall.sql(text) }).toEqual({ says, what: [] })
  for (const { says, text } of chargeChecks)
    expect({ says, what: await hall.sql(text, [charges]) }).toEqual({ says, what: [] })
  expect(await hall.sql('select id from payments.attempts where status is null')).toEqual([])
}

const announced = (hall: TestHall) =>
  hall
    .sql<{ name: string }>(`select name from payments.journal where name <> 'payments.audited' order by version`)
    .then((rows) => rows.map(({ name }) => name))

describe.each(['near', 'far'] as const)('payments, %s', (distance) => {
  test('an authorised payment is captured, once, however often it is asked for', async () => {
    await using hall = await start(distance)
    const { authorise, capture, get } = hall.calls.payments
    const { paymentId, ...answer } = await authorise.mutate(asked('r'))
    expect(answer).toEqual({ status: 'authorised', declineReason: null })
    const captured = { paymentId, captured: { amountMinor: 1250, currency: 'GBP' } }
    const together = [capture.mutate({ reference: 'r' }), capture.mutate({ reference: 'r' })]
    expect(await Promise.all(together)).toEqual([captured, captured])
    expect(await capture.mutate({ reference: 'r' })).toEqual(captured)
    expect(await readCharges(hall.paymentsUrl)).toMatchObject([{ capturedMinor: 1250, voidedMinor: 0 }])
    const at = '2026-01-01T12:00:00.000Z'
    expect(await get.query({ reference: 'r' })).toEqual({
      id: paymentId,
      reference: 'r',
      state: 'captured',
      amount: { amountMinor: 1250, currency: 'GBP' },
      entries: [
        { account: 'customer_promise', amountMinor: -1250, at },
        { account: 'provider_hold', amountMinor: 1250, at },
        { account: 'customer_promise', amountMinor: 1250, at },
        { account: 'provider_hold', amountMinor: -1250, at },
        { account: 'provider_receivable', amountMinor: 1250, at },
        { account: 'sales', amountMinor: -1250, at },
      ],
    })
    expect(await announced(hall)).toEqual(['payments.authorised', 'payments.captured'])
    await expectBooksInOrder(hall)
  })

  test('a decline is an answer, is booked, and cannot be captured', async () => {
    await using hall = await start(distance)
    const { authorise, capture } = hall.calls.payments
    const answer = await authorise.mutate(asked('r', 'card_declined'))
    expect(answer).toMatchObject({ status: 'declined', declineReason: 'insufficient_funds' })
    expect(await authorise.mutate(asked('r', 'card_declined'))).toEqual(answer)
    await expect(capture.mutate({ reference: 'r' })).rejects.toMatchObject(reason('payments.not_authorised'))
    await expect(capture.mutate({ reference: 'other' })).rejects.toMatchObject(reason('payments.not_authorised'))
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
    const { authorise, capture } = hall.calls.payments
    await authorise.mutate(asked('r'), { key: 'k' })
    expect(await takeBack(hall, 'r', 'k')).toEqual({})
    expect(await takeBack(hall, 'r', 'k')).toEqual({})
    await expectBooksInOrder(hall)
    expect(await readCharges(hall.paymentsUrl)).toMatchObject([{ capturedMinor: 0, voidedMinor: 1250 }])
    expect(await announced(hall)).toEqual(['payments.authorised', 'payments.voided'])
    await expect(capture.mutate({ reference: 'r' })).rejects.toMatchObject(reason('payments.not_authorised'))
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

  test('taken back while the provider is being asked, a charge is voided', async () => {
    await using hall = await start(distance)
    const authorised = hall.calls.payments.authorise.mutate(asked('r', 'card_slow_150'), { key: 'k' })
    const outcome = authorised.then(
      () => 'authorised',
      () => 'refused',
    )
    await expect.poll(() => readCharges(hall.paymentsUrl), { interval: 5 }).toHaveLength(1)
    expect(await takeBack(hall, 'r', 'k')).toEqual({})
    expect(await outcome).toBe('refused')
    await expectBooksInOrder(hall)
    expect(await readCharges(hall.paymentsUrl)).toMatchObject([{ voidedMinor: 1250 }])
  })

  test('what is captured is not taken back', async () => {
    await using hall = await start(distance)
    await hall.calls.payments.authorise.mutate(asked('r'), { key: 'k' })
    await hall.calls.payments.capture.mutate({ reference: 'r' })
    expect(await takeBack(hall, 'r', 'k')).toEqual({})
    await expectBooksInOrder(hall)
    expect(await totals(hall)).toEqual(of({ authorised: 1250, captured: 1250 }))
    expect(await hall.calls.payments.get.query({ reference: 'r' })).toMatchObject({ state: 'captured' })
  })

  test.each(['card_fail_capture_once', 'card_hang_capture'])('a capture goes forward (%s)', async (card) => {
    await using hall = await start(distance)
    await hall.calls.payments.authorise.mutate(asked('r', card))
    const capture = () => hall.calls.payments.capture.mutate({ reference: 'r' }, { key: 'k' })
    // It is not answered as captured before it is.
    await expect(capture()).rejects.toMatchObject(reason('payments.provider_unavailable'))
    await expectBooksInOrder(hall)
    expect(await totals(hall)).toEqual(of({ authorised: 1250, captured: 1250 }))
    expect(await capture()).toMatchObject({ captured: { amountMinor: 1250, currency: 'GBP' } })
    expect(await announced(hall)).toEqual(['payments.authorised', 'payments.captured'])
  })

  test('the totals count the days that are asked for', async () => {
    await using hall = await start(distance)
    await hall.calls.payments.authorise.mutate(asked('r'))
    hall.clock.set('2026-01-02T00:00:00.000Z')
    await hall.calls.payments.capture.mutate({ reference: 'r' })
    const between = (from: string, to: string) => hall.calls.payments.totals.query({ currency: 'GBP', from, to })
    expect(await between('2026-01-01', '2026-01-01')).toEqual(of({ authorised: 1250 }))
    expect(await between('2026-01-02', '2026-01-02')).toEqual(of({ payments: 0, captured: 1250 }))
    expect(await hall.calls.payments.totals.query({ currency: 'EUR' })).toEqual(of({ payments: 0 }))
    await expect(hall.calls.payments.get.query({ reference: 'other' })).rejects.toMatchObject(
      reason('payments.unknown_payment'),
    )
    await expectBooksInOrder(hall)
  })
})
