import { JobContext } from '#platform/calls/contexts'
import { jobContext } from '#platform/events/run-job'
import { startTestHall, type TestHall } from '#testing/hall'
import { describe, expect, test } from 'vitest'
import { signWebhook } from './provider.ts'

const secret = 'whsec_of_the_test'
const asked = (source = 'card_ok') => ({ reference: 'r', source, amount: { amountMinor: 1250, currency: 'GBP' } })
const reason = (name: string) => ({ data: { reason: name } })

const signed = (body: string) => ({ body, signature: signWebhook(secret, body, 1_000) })
const eventOf = (key: string, id = 'evt_1') => signed(JSON.stringify({ id, type: 'authorise.succeeded', key, more: 1 }))

/** Forgets what became of the payment's authorisation, as if the answer had been lost some time ago. */
async function forgetOutcome(hall: TestHall): Promise<string> {
  // The provider's own webhook first, so that it is not among those that a test counts.
  await expect.poll(() => hall.sql('select 1 from payments.webhook_events'), { timeout: 10_000 }).toHaveLength(1)
  const [attempt] = await hall.sql<{ id: string }>(
    `update payments.attempts set status = null, resolved_at = null, provider_id = null,
       recorded_at = recorded_at - interval '1 minute', due_at = due_at - interval '1 minute' returning id`,
  )
  return attempt!.id
}
const statuses = (hall: TestHall) => hall.sql('select kind, status from payments.attempts order by kind')
const jobs = (hall: TestHall) => hall.sql('select state from payments.jobs')

/** Runs the sweep of the process that hosts payments. */
function sweep(hall: TestHall) {
  const { runtime, assembly } = hall.processes.flatMap(({ hosted }) => hosted.get('payments') ?? [])[0]!
  const call = { actor: { kind: 'system' as const, id: 'payments' }, requestId: 'req_sweep', key: undefined }
  return assembly.schedules![0]!.run(new JobContext(runtime, jobContext(runtime, call)))
}

describe.each(['near', 'far'] as const)('what the provider has to say, %s', (distance) => {
  test('reaches the hall by its public face; that it comes more than once does no harm', async () => {
    await using hall = await startTestHall({ modules: ['payments'], distance })
    await hall.calls.payments.authorise.mutate(asked('card_duplicate_webhooks'))
    await hall.calls.payments.capture.mutate({ reference: 'r' })
    const types = () => hall.sql('select type from payments.webhook_events order by type')
    await expect
      .poll(types, { timeout: 10_000 })
      .toEqual([{ type: 'authorise.succeeded' }, { type: 'capture.succeeded' }])
    await hall.settle()
    expect(await statuses(hall)).toEqual([
      { kind: 'authorise', status: 'succeeded' },
      { kind: 'capture', status: 'succeeded' },
    ])
    // The answers themselves had come, so nobody had to ask.
    expect(await jobs(hall)).toEqual([])
  })

  test('has an attempt without a result asked about, once', async () => {
    await using hall = await startTestHall({ modules: ['payments'], distance })
    await hall.calls.payments.authorise.mutate(asked())
    const attempt = await forgetOutcome(hall)
    const { receiveWebhook } = hall.calls.payments
    for (const id of ['evt_1', 'evt_1'])
      expect(await receiveWebhook.mutate(eventOf(attempt, id))).toEqual({ accepted: true })
    await hall.settle()
    expect(await statuses(hall)).toEqual([{ kind: 'authorise', status: 'succeeded' }])
    expect(await jobs(hall)).toEqual([{ state: 'done' }])
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
    await hall.calls.payments.authorise.mutate(asked())
    expect(await sweep(hall)).toEqual({ asked: 0, resolved: 0, unavailable: 0 })
    await forgetOutcome(hall)
    expect(await sweep(hall)).toEqual({ asked: 1, resolved: 1, unavailable: 0 })
    expect(await sweep(hall)).toEqual({ asked: 0, resolved: 0, unavailable: 0 })
    expect(await statuses(hall)).toEqual([{ kind: 'authorise', status: 'succeeded' }])
  })

  test('what the provider has never heard of stays open, and is asked about again later', async () => {
    await using hall = await startTestHall({ modules: ['payments'], distance })
    await hall.calls.payments.authorise.mutate(asked())
    await forgetOutcome(hall)
    await hall.sql(`insert into payments.payments (id, reference, state, amount_minor, currency, created_at)
      values ('pay_2', 'r2', 'authorising', 1, 'GBP', '2026-01-01T12:00:00.000Z')`)
    await hall.sql(`insert into payments.attempts (id, payment_id, kind, amount_minor, currency, source, opened_at, due_at)
      values ('att_2', 'pay_2', 'authorise', 1, 'GBP', 'card_ok', '2026-01-01T12:00:00.000Z', clock_timestamp())`)
    expect(await sweep(hall)).toEqual({ asked: 2, resolved: 1, unavailable: 0 })
    expect(await sweep(hall)).toEqual({ asked: 0, resolved: 0, unavailable: 0 })
    expect(
      await hall.sql(`select status, due_at > clock_timestamp() as later from payments.attempts where id = 'att_2'`),
    ).toEqual([{ status: null, later: true }])
  })
})

test('a hall without a provider runs its own, and hears from it', async () => {
  const env = { PAYMENTS_URL: '', PAYMENTS_WEBHOOK_SECRET: '' }
  await using hall = await startTestHall({ modules: ['payments'], env })
  expect(await hall.calls.payments.authorise.mutate(asked())).toMatchObject({ status: 'authorised' })
  await expect.poll(() => hall.sql('select type from payments.webhook_events'), { timeout: 10_000 }).toHaveLength(1)
  await hall.settle()
})
