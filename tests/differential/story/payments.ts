/** Payments as checkout asks for them, and what the provider has to say. */
import { createHmac } from 'node:crypto'
import { JobContext } from '#platform/calls/contexts'
import { jobContext } from '#platform/events/run-job'
import type { TestHall } from '#testing/hall'
import type { Call, Lockstep } from '../lockstep.ts'
import { asGuest, expectRefusal, expectRefusals, gbp, unknown } from './words.ts'

type Hosted = NonNullable<ReturnType<TestHall['processes'][number]['hosted']['get']>>

const paying = (reference: string, source = 'card_ok', amountMinor = 500) => ({
  reference,
  amount: gbp(amountMinor),
  source,
})
const asCheckout = (key: string): Partial<Call> => ({ caller: 'checkout', key })

export async function takePayments(halls: Lockstep): Promise<void> {
  await halls.answer('payments.authorise', paying('paid'), asCheckout('authorises paid'))
  await halls.answer('payments.authorise', paying('paid'), asCheckout('authorises paid'))
  await halls.answer('payments.authorise', paying('paid'), asCheckout('authorises paid again'))
  await expectRefusals(halls, 'payments.authorise', {
    'payments.reference_used': paying('paid', 'card_ok', 501),
    'payments.provider_refused': paying('refused', 'no card'),
  })
  await halls.answer('payments.authorise', paying('declined', 'card_declined'))
  await halls.answer('payments.authorise', { ...paying('voided'), valueDay: '2025-12-30' }, asCheckout('to be voided'))
  const undo = { caller: 'checkout', key: 'to be voided:undo', undoesKey: 'to be voided' }
  await halls.answer('payments.void', { reference: 'voided' }, undo)
  await halls.answer('payments.void', { reference: 'voided' }, undo)
  const tombstone = { caller: 'checkout', key: 'what is late:undo', undoesKey: 'what is late' }
  await halls.answer('payments.void', { reference: 'late' }, tombstone)
  await expectRefusal(halls, 'platform.undone', {
    path: 'payments.authorise',
    input: paying('late'),
    ...asCheckout('what is late'),
  })
  await halls.answer('payments.get', { reference: 'paid' })
  await expectRefusals(halls, 'payments.get', { 'payments.unknown_payment': { reference: 'none' } })
  await halls.answer('payments.totals', { currency: 'GBP' })
  await halls.answer('payments.totals', { currency: 'GBP', from: '2025-12-30', to: '2026-01-01' })
}

export async function hearTheProvider(halls: Lockstep): Promise<void> {
  const secret = await halls.same('where the webhooks are signed', webhookSecretOf)
  const sign = (body: string) => ({
    body,
    signature: `t=1767268800,v1=${createHmac('sha256', secret).update(`1767268800.${body}`).digest('hex')}`,
  })
  const body = JSON.stringify({ id: 'evt_1', type: 'authorise.succeeded', key: unknown('att'), more: 1 })
  await halls.answer('payments.receiveWebhook', sign(body), asGuest)
  await halls.answer('payments.receiveWebhook', sign(body), asGuest)
  await expectRefusals(halls, 'payments.receiveWebhook', {
    'payments.bad_webhook': sign('{'),
    'payments.bad_signature': { body, signature: 't=1,v1=0' },
  })
}

/** A charge that was made at the provider by hand: the books differ until a person accepts it. */
export async function compareBooks(halls: Lockstep): Promise<void> {
  await halls.answer('payments.reconciliation', {})
  await halls.same('what the provider was told by hand', chargeByHand)
  await halls.settle()
  await halls.same('the books, compared', compareWithProvider)
  await halls.same('the books, compared once the grace is over', async (hall) => {
    await hall.sql('update payments.differences set due_at = clock_timestamp()')
    return compareWithProvider(hall)
  })
  const { differences } = await halls.answer('payments.reconciliation', { limit: 200 })
  const accepting = { id: differences[0].id, because: 'Taken by telephone.' }
  await halls.answer('payments.acceptDifference', accepting)
  await expectRefusals(halls, 'payments.acceptDifference', { 'payments.unknown_difference': accepting })
  await halls.answer('payments.reconciliation', { resolved: true })
}

async function chargeByHand({ paymentsUrl }: TestHall): Promise<number> {
  const body = JSON.stringify({ kind: 'authorise', amountMinor: 700, currency: 'GBP', source: 'card_ok' })
  return (await fetch(`${paymentsUrl}/v1/attempts/by-hand`, { method: 'PUT', body })).status
}

function compareWithProvider({ processes }: TestHall): Promise<Record<string, number>> {
  const [{ runtime, assembly }] = processes.flatMap(({ hosted }) => hosted.get('payments') ?? []) as [Hosted]
  const schedule = assembly.schedules!.find(({ name }) => name === 'reconcile with the provider')!
  const call = { actor: { kind: 'system' as const, id: 'payments' }, requestId: 'req_books', key: undefined }
  return schedule.run(new JobContext(runtime, jobContext(runtime, call)))
}

const webhookSecretOf = (hall: TestHall): Promise<string> => Promise.resolve(hall.config.paymentsWebhookSecret ?? '')
