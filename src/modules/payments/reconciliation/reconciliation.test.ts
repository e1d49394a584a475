/** Our books and the provider's, compared: where they agree, where they do not, and what comes of that. */
import type { Log } from '#platform/log'
import { owner, type TestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'
import {
  amountOf,
  authorisation,
  compareBooks,
  expectBooksInOrder,
  inside,
  letGracePass,
  letRowsAge,
  letTimePass,
  nothing,
  payOnce,
  reconciliationOf,
  send,
  startPayments,
  sweep,
} from '../testing/payments.ts'

const clerk = { kind: 'staff' as const, id: 'acc_clerk', permissions: ['orders:read'] }
const refused = (reason: string) => ({ data: { reason } })

const kindsOf = async (hall: TestHall) => (await reconciliationOf(hall)).differences.map(({ kind }) => kind)

/** A charge that somebody made at the provider, and not by asking payments. */
async function chargeElsewhere({ paymentsUrl }: TestHall, key: string): Promise<void> {
  const body = JSON.stringify({ kind: 'authorise', amountMinor: 700, currency: 'GBP', source: 'card_ok' })
  expect((await fetch(`${paymentsUrl}/v1/attempts/${key}`, { method: 'PUT', body })).ok).toBe(true)
}

/** Compares, lets the grace pass, and compares again. */
async function compareTwice(hall: TestHall) {
  await compareBooks(hall)
  await letGracePass(hall)
  return compareBooks(hall)
}

describe.each(['near', 'far'] as const)('%s', (distance) => {
  test('books in order agree, whatever was paid, declined, lost, voided and given back', async () => {
    await using hall = await startPayments(distance)
    const { payments } = hall.calls
    await payOnce(hall)
    await send(hall, 'refund', amountOf('b', 250))
    await payments.authorise.mutate(authorisation('s', 'card_declined'))
    for (const [reference, source] of [
      ['t', 'card_hang'],
      ['u', 'iban'],
    ] as const)
      await expect(payments.authorise.mutate(authorisation(reference, source))).rejects.toThrow()
    await payments.authorise.mutate(authorisation('v', 'card_decline_capture'), { key: 'k' })
    await send(hall, 'capture', amountOf('c', 1250, { reference: 'v' }))
    await hall.settle()
    await hall.as(owner, { undoesKey: 'k' }).payments.void.mutate({ reference: 'v' })
    await expectBooksInOrder(hall)
    // Authorised, captured, refunded; declined; authorised and voided; authorised, declined, voided.
    expect(await compareBooks(hall)).toEqual({ ...nothing, compared: 9 })
    expect(await compareTwice(hall)).toEqual(nothing)
    const upToDateAt = '2026-01-01T12:00:00.000Z'
    expect(await reconciliationOf(hall)).toEqual({ compared: 9, upToDateAt, problem: null, open: 0, differences: [] })
    const unseen = await hall.sql(`select source, status from payments.attempts where reconciled_at is null`)
    expect(unseen).toEqual([{ source: 'iban', status: 'refused' }])
  })

  test('a charge at the provider that nobody here asked for is told, until a person accepts it', async () => {
    await using hall = await startPayments(distance)
    await payOnce(hall)
    await chargeElsewhere(hall, 'by-hand')
    expect(await compareBooks(hall)).toEqual({ ...nothing, compared: 3 })
    // It could be under way.
    expect(await reconciliationOf(hall)).toMatchObject({ compared: 3, open: 0, differences: [] })
    await letGracePass(hall)
    expect(await compareBooks(hall)).toEqual({ ...nothing, found: 1 })
    const { open, differences } = await reconciliationOf(hall)
    const theirs = { kind: 'authorise', status: 'succeeded', amountMinor: 700, currency: 'GBP' }
    const none = { attemptId: null, reference: null, ours: null, resolvedAt: null, because: null }
    const foundAt = '2026-01-01T12:00:00.000Z'
    const [{ id }] = differences as [(typeof differences)[number]]
    expect({ open, differences }).toEqual({
      open: 1,
      differences: [{ id, kind: 'unknown_here', theirs: { ...theirs, providerId: id }, foundAt, ...none }],
    })
    const { acceptDifference } = hall.calls.payments
    const because = 'Taken by telephone.'
    const asClerk = hall.as(clerk).payments
    await expect(asClerk.acceptDifference.mutate({ id, because })).rejects.toMatchObject(refused('platform.forbidden'))
    await expect(asClerk.reconciliation.query({})).rejects.toMatchObject(refused('platform.forbidden'))
    expect(await acceptDifference.mutate({ id, because }, { key: 'accepts it' })).toEqual({})
    expect(await acceptDifference.mutate({ id, because }, { key: 'accepts it' })).toEqual({})
    const again = acceptDifference.mutate({ id, because })
    await expect(again).rejects.toMatchObject(refused('payments.unknown_difference'))
    // Read once more from the beginning, it does not come up again.
    await hall.sql(`update payments.reconciliation set cursor = ''`)
    expect(await compareTwice(hall)).toEqual(nothing)
    expect(await reconciliationOf(hall)).toMatchObject({ open: 0, differences: [] })
    expect(await reconciliationOf(hall, true)).toMatchObject({ differences: [{ id, because, resolvedAt: foundAt }] })
  })
})

describe('what differs is found:', () => {
  test.each([
    ['other_amount', `update payments.attempts set amount_minor = 1249 where kind = 'capture'`],
    ['other_currency', `update payments.attempts set currency = 'EUR' where kind = 'capture'`],
    ['other_kind', `update payments.attempts set kind = 'refund' where kind = 'capture'`],
    ['other_status', `update payments.attempts set status = 'declined' where kind = 'capture'`],
    ['not_decided_here', `update payments.attempts set status = null, resolved_at = null where kind = 'capture'`],
    ['other_charge', `update payments.attempts set provider_id = 'cap_other' where kind = 'capture'`],
    ['not_booked', `delete from payments.ledger where kind = 'capture'`],
    ['not_booked', `update payments.ledger set amount_minor = amount_minor * 2 where kind = 'capture'`],
    [
      'unknown_here',
      `with booked as (delete from payments.ledger where kind = 'capture')
       delete from payments.attempts where kind = 'capture'`,
    ],
  ])('%s (%s)', async (kind, tampering) => {
    await using hall = await startPayments('near')
    await payOnce(hall)
    await hall.sql('alter table payments.ledger drop constraint ledger_attempt_id_attempts_id_fk')
    await hall.sql(tampering)
    expect(await compareTwice(hall)).toEqual({ ...nothing, found: 1 })
    expect(await kindsOf(hall)).toEqual([kind])
  })

  test('an attempt that the provider does not have', async () => {
    await using hall = await startPayments('near')
    await payOnce(hall)
    await hall.sql(
      `insert into payments.attempts (id, request, payment_id, kind, amount_minor, currency, status, provider_id, opened_at, resolved_at)
       select 'refund:never', 'never', id, 'refund', 50, 'GBP', 'succeeded', 'ref_never', '', '' from payments.payments`,
    )
    // It was decided a moment ago: what the provider's books show of it may come yet.
    expect(await compareTwice(hall)).toEqual(nothing)
    await letRowsAge(hall)
    expect(await compareTwice(hall)).toEqual({ ...nothing, found: 1 })
    expect((await reconciliationOf(hall)).differences).toMatchObject([
      { id: 'refund:never', kind: 'unknown_there', reference: 'r', ours: { amountMinor: 50 }, theirs: null },
    ])
    await letGracePass(hall)
    expect(await compareBooks(hall)).toEqual(nothing)
  })

  test('once, in the log', async () => {
    await using hall = await startPayments('near')
    await chargeElsewhere(hall, 'by-hand')
    const errors: unknown[] = []
    const { assembly, ctx } = inside(hall, noting(errors))
    const schedule = assembly.schedules!.find(({ name }) => name.startsWith('reconcile'))!
    for (let runs = 0; runs < 4; runs += 1) {
      await schedule.run(ctx)
      await letGracePass(hall)
    }
    expect(errors).toMatchObject([{ kind: 'unknown_here', theirs: { key: 'by-hand', amountMinor: 700 } }])
  })
})

/** A log that keeps the errors that it is told. */
function noting(errors: unknown[]): Log {
  const log = { error: (what: unknown) => errors.push(what), warn() {}, info() {}, debug() {}, child: () => log }
  return log as unknown as Log
}

describe('what is late', () => {
  test('is no difference where it agrees within the grace', async () => {
    await using hall = await startPayments('near')
    await payOnce(hall)
    await hall.sql(`update payments.attempts set status = null, resolved_at = null where kind = 'capture'`)
    await hall.sql(`update payments.payments set capturing_minor = 1250, captured_minor = 0`)
    await hall.sql(`delete from payments.ledger where kind = 'capture'`)
    expect(await compareBooks(hall)).toMatchObject({ compared: 2 })
    await letTimePass(hall)
    expect(await sweep(hall)).toMatchObject({ resolved: 1 })
    await letGracePass(hall)
    expect(await compareBooks(hall)).toEqual(nothing)
    expect(await hall.sql('select 1 from payments.differences')).toEqual([])
    expect(await hall.sql('select 1 from payments.attempts where reconciled_at is null')).toEqual([])
  })

  test('is one where it takes longer, and is resolved when it agrees', async () => {
    await using hall = await startPayments('near')
    await payOnce(hall)
    await hall.sql(`update payments.attempts set status = null, resolved_at = null where kind = 'capture'`)
    await hall.sql(`update payments.payments set capturing_minor = 1250, captured_minor = 0`)
    await hall.sql(`delete from payments.ledger where kind = 'capture'`)
    expect(await compareTwice(hall)).toMatchObject({ found: 1 })
    expect(await kindsOf(hall)).toEqual(['not_decided_here'])
    await letTimePass(hall)
    await sweep(hall)
    await letGracePass(hall)
    hall.clock.set('2026-01-02T00:00:00.000Z')
    expect(await compareBooks(hall)).toEqual({ ...nothing, resolved: 1 })
    expect(await reconciliationOf(hall)).toMatchObject({ open: 0, differences: [] })
    expect(await reconciliationOf(hall, true)).toMatchObject({
      differences: [{ kind: 'not_decided_here', attemptId: 'capture:a', resolvedAt: '2026-01-02T00:00:00.000Z' }],
    })
    // Another time it differs anew.
    await hall.sql(`update payments.attempts set amount_minor = 1 where kind = 'capture'`)
    await hall.sql(`update payments.reconciliation set cursor = ''`)
    expect(await compareTwice(hall)).toEqual({ ...nothing, found: 1 })
    expect(await kindsOf(hall)).toEqual(['other_amount'])
  })
})
