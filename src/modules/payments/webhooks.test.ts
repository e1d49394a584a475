import { startTestHall, type TestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'
import { signWebhook } from './provider.ts'
import { amountOf, send, startPayments, sweep } from './testing/payments.ts'

const secret = 'whsec_of_the_test'
const asked = (source = 'card_ok') => ({ reference: 'r', source, amount: { amountMinor: 1250, currency: 'GBP' } })
const reason = (name: string) => ({ data: { reason: name } })

const signed = (body: string) => ({ body, signature: signWebhook(secret, body, 1_000) })
const eventOf = (key: string, id = 'evt_1') => signed(JSON.stringify({ id, type: 'authorise.succeeded', key, more: 1 }))

/**
 * An attempt that another process, long gone, asked about and never heard of again: what is known of it here is its row.
 * The provider has it.
 */
async function lostAttempt(hall: TestHall, key = 'att_lost'): Promise<string> {
  const body = { kind: 'authorise', amountMinor: 1250, currency: 'GBP', source: 'card_ok' }
  const { ok } = await fetch(`${hall.paymentsUrl}/v1/attempts/${key}`, { method: 'PUT', body: JSON.stringify(body) })
  expect(ok).toBe(true)
  // The provider's own webhook first, so that it is not among those that a test counts.
  await expect.poll(() => kept(hall), { timeout: 10_000 }).toMatchObject([{ type: 'authorise.succeeded' }])
  await hall.sql('delete from payments.webhook_events')
  await insertAttempt(hall, key)
  return key
}

async function insertAttempt(hall: TestHall, key: string): Promise<void> {
  await hall.sql(
    `insert into payments.payments (id, reference, state, amount_minor, currency, created_at)
     values ('pay_' || $1::text, $1::text, 'authorising', 1250, 'GBP', '2026-01-01T12:00:00.000Z')`,
    [key],
  )
  await hall.sql(
    `insert into payments.attempts (id, payment_id, kind, amount_minor, currency, source, opened_at, recorded_at, due_at)
     values ($1::text, 'pay_' || $1::text, 'authorise', 1250, 'GBP', 'card_ok', '2026-01-01T12:00:00.000Z',
       clock_timestamp() - interval '1 minute', clock_timestamp())`,
    [key],
  )
}

const kept = (hall: TestHall) => hall.sql('select id, type from payments.webhook_events order by id')
const statuses = (hall: TestHall) => hall.sql('select kind, status from payments.attempts order by kind')
const jobs = (hall: TestHall) =>
  hall.sql(`select state from payments.jobs where name = 'payments.resolveAttempt' order by id`)

describe.each(['near', 'far'] as const)('what the provider has to say, %s', (distance) => {
  test('costs nothing where the answer itself has come, and comes more than once', async () => {
    await using hall = await startTestHall({ modules: ['payments'], distance })
    await hall.calls.payments.authorise.mutate(asked('card_duplicate_webhooks'))
    await send(hall, 'capture', amountOf('a', 1250))
    await hall.settle()
    const [{ id: attempt }] = (await hall.sql<{ id: string }>(
      `select id from payments.attempts where kind = 'authorise'`,
    )) as [{ id: string }]
    const { receiveWebhook } = hall.calls.payments
    expect(await receiveWebhook.mutate(eventOf(attempt))).toEqual({ accepted: true })
    expect(await receiveWebhook.mutate(eventOf('capture:a'))).toEqual({ accepted: true })
    expect(await kept(hall)).toEqual([])
    expect(await jobs(hall)).toEqual([])
  })

  test('is read and not kept where the answer came to another process', async () => {
    await using hall = await startTestHall({ modules: ['payments'], distance })
    const attempt = await lostAttempt(hall)
    await hall.sql(`update payments.attempts set status = 'succeeded', provider_id = 'p', resolved_at = opened_at`)
    expect(await hall.calls.payments.receiveWebhook.mutate(eventOf(attempt))).toEqual({ accepted: true })
    expect(await kept(hall)).toEqual([])
  })

  test('has an attempt without a result asked about, once, also where it comes among others', async () => {
    await using hall = await startTestHall({ modules: ['payments'], distance })
    const attempt = await lostAttempt(hall)
    const other = { id: 'evt_2', type: 'authorise.declined', key: 'att_of_nobody' }
    const first = { id: 'evt_1', type: 'authorise.succeeded', key: attempt }
    const { receiveWebhook } = hall.calls.payments
    for (const told of [eventOf(attempt), signed(JSON.stringify({ events: [other, first, first] }))])
      expect(await receiveWebhook.mutate(told)).toEqual({ accepted: true })
    await hall.settle()
    expect(await statuses(hall)).toEqual([{ kind: 'authorise', status: 'succeeded' }])
    expect(await jobs(hall)).toEqual([{ state: 'done' }])
    expect(await kept(hall)).toEqual([
      { id: 'evt_1', type: 'authorise.succeeded' },
      { id: 'evt_2', type: 'authorise.declined' },
    ])
  })

  test('books a capture that its job has not booked', async () => {
    await using hall = await startPayments(distance)
    await hall.calls.payments.authorise.mutate(asked())
    await send(hall, 'capture', amountOf('a', 1250))
    await hall.sql(`update payments.jobs set state = 'failed'`)
    const [{ id: payment, provider_id: authorisation }] = (await hall.sql(
      'update payments.payments set capturing_minor = 1250 returning id, provider_id',
    )) as [{ id: string; provider_id: string }]
    await hall.sql(
      `insert into payments.attempts (id, request, payment_id, kind, amount_minor, currency, authorisation, opened_at, recorded_at)
       values ('capture:a', 'a', $1, 'capture', 1250, 'GBP', $2, '2026-01-01T12:00:00.000Z', clock_timestamp() - interval '1 minute')`,
      [payment, authorisation],
    )
    await hall.calls.payments.receiveWebhook.mutate(eventOf('capture:a'))
    await hall.settle()
    expect(await hall.calls.payments.get.query({ reference: 'r' })).toMatchObject({
      state: 'captured',
      capturedMinor: 1250,
    })
  })

  test('is refused unless it is signed, and is an event', async () => {
    await using hall = await startTestHall({ modules: ['payments'], distance })
    const { receiveWebhook } = hall.calls.payments
    const { body, signature } = eventOf('att_1')
    for (const bad of [
      { body: `${body} `, signature },
      { body, signature: '' },
      { body, signature: signWebhook('other', body, 1_000) },
    ])
      await expect(receiveWebhook.mutate(bad)).rejects.toMatchObject(reason('payments.bad_signature'))
    for (const bad of ['', '{}', '[]', '{"id":"","type":"t","key":"k"}', '{"id":"a\\u0000","type":"t","key":"k"}'])
      await expect(receiveWebhook.mutate(signed(bad))).rejects.toMatchObject(reason('payments.bad_webhook'))
    expect(await hall.sql('select 1 from payments.webhook_events')).toEqual([])
    const response = await fetch(`${hall.url}/webhooks/payments`, { method: 'POST', body })
    expect(response.status).toBe(401)
  })

  test('is asked for by the sweep where an attempt has no result', async () => {
    await using hall = await startTestHall({ modules: ['payments'], distance })
    expect(await sweep(hall)).toEqual({ asked: 0, resolved: 0, unavailable: 0 })
    await lostAttempt(hall)
    expect(await sweep(hall)).toEqual({ asked: 1, resolved: 1, unavailable: 0 })
    expect(await sweep(hall)).toEqual({ asked: 0, resolved: 0, unavailable: 0 })
    expect(await statuses(hall)).toEqual([{ kind: 'authorise', status: 'succeeded' }])
  })

  test('what the provider has never heard of stays open, and is asked about again later', async () => {
    await using hall = await startTestHall({ modules: ['payments'], distance })
    await lostAttempt(hall)
    await insertAttempt(hall, 'att_2')
    expect(await sweep(hall)).toEqual({ asked: 2, resolved: 1, unavailable: 0 })
    expect(await sweep(hall)).toEqual({ asked: 0, resolved: 0, unavailable: 0 })
    expect(
      await hall.sql(`select status, due_at > clock_timestamp() as later from payments.attempts where id = 'att_2'`),
    ).toEqual([{ status: null, later: true }])
  })
})

test('a hall without a provider runs its own', async () => {
  const env = { PAYMENTS_URL: '', PAYMENTS_WEBHOOK_SECRET: '' }
  await using hall = await startTestHall({ modules: ['payments'], env })
  expect(await hall.calls.payments.authorise.mutate(asked())).toMatchObject({ status: 'authorised' })
  await send(hall, 'capture', amountOf('a', 1250))
  await hall.settle()
  expect(await hall.calls.payments.get.query({ reference: 'r' })).toMatchObject({ state: 'captured' })
})
