/** Orders, payments, reporting and audit, and the refusals of the pipeline itself. */
import { createHmac } from 'node:crypto'
import { keyLockName } from '#platform/calls/run-command'
import type { TestHall } from '#testing/hall'
import pg from 'pg'
import { type Call, type Lockstep, operations } from '../lockstep.ts'
import { asGuest, customer, expectRefusal, gbp, service, unknown } from './words.ts'

export async function keepOrders(halls: Lockstep): Promise<void> {
  const line = {
    lineId: unknown('lin'),
    sku: 'X',
    name: 'An X',
    quantity: 2,
    unitPriceMinor: 60,
    grossMinor: 120,
    netMinor: 100,
    taxMinor: 20,
  }
  const order = {
    reference: 'a reference',
    currency: 'GBP',
    address: { country: 'GB' },
    lines: [line],
    grossMinor: 120,
    taxMinor: 20,
    externalInvoice: '1',
    customer: '17850',
  }
  const placed = await halls.answer('orders.place', order, { caller: 'checkout' })
  await halls.answer('orders.place', order, { caller: 'checkout' })
  await expectRefusal(halls, 'orders.invoice_exists', {
    path: 'orders.place',
    input: { ...order, reference: 'another' },
  })
  await expectRefusal(halls, 'platform.key_reused', { path: 'orders.place', input: { ...order, grossMinor: 121 } })
  await halls.answer('orders.get', { id: placed.orderId }, { actor: service('orders:read') })
  await expectRefusal(halls, 'orders.unknown_order', {
    path: 'orders.get',
    input: { id: placed.orderId, token: unknown('tok') },
    ...asGuest,
  })
  const page = await halls.answer('orders.list', { limit: 1, customer: '17850' })
  await halls.answer('orders.list', { limit: 1, customer: '17850', cursor: page.nextCursor })
  await expectRefusal(halls, 'orders.bad_cursor', { path: 'orders.list', input: { cursor: 'nowhere' } })
  await halls.answer('orders.findInvoices', { externalInvoices: ['1', '536365', 'none'] })
}

export async function takePayments(halls: Lockstep): Promise<void> {
  const paying = (reference: string, source = 'card_ok', amountMinor = 500) => ({
    reference,
    amount: gbp(amountMinor),
    source,
  })
  const asCheckout = (key: string): Partial<Call> => ({ caller: 'checkout', key })
  await halls.answer('payments.authorise', paying('paid'), asCheckout('authorises paid'))
  await halls.answer('payments.authorise', paying('paid'), asCheckout('authorises paid'))
  await halls.answer('payments.authorise', paying('paid'), asCheckout('authorises paid again'))
  await expectRefusal(halls, 'payments.reference_used', {
    path: 'payments.authorise',
    input: paying('paid', 'card_ok', 501),
  })
  await expectRefusal(halls, 'payments.provider_refused', {
    path: 'payments.authorise',
    input: paying('refused', 'no card'),
  })
  await halls.answer('payments.authorise', paying('declined', 'card_declined'))
  await halls.answer('payments.capture', { reference: 'paid' })
  await halls.answer('payments.capture', { reference: 'paid' })
  await expectRefusal(halls, 'payments.not_authorised', { path: 'payments.capture', input: { reference: 'declined' } })
  await halls.answer('payments.authorise', paying('voided'), asCheckout('authorises voided'))
  const undo = { caller: 'checkout', key: 'authorises voided:undo', undoesKey: 'authorises voided' }
  await halls.answer('payments.void', { reference: 'voided' }, undo)
  await halls.answer('payments.void', { reference: 'voided' }, undo)
  await expectRefusal(halls, 'payments.not_authorised', { path: 'payments.capture', input: { reference: 'voided' } })
  await halls.answer(
    'payments.void',
    { reference: 'late' },
    { caller: 'checkout', key: 'authorises late:undo', undoesKey: 'authorises late' },
  )
  await expectRefusal(halls, 'platform.undone', {
    path: 'payments.authorise',
    input: paying('late'),
    ...asCheckout('authorises late'),
  })
  await halls.answer('payments.get', { reference: 'paid' }, { actor: service('payments:read') })
  await expectRefusal(halls, 'payments.unknown_payment', { path: 'payments.get', input: { reference: 'none' } })
  await halls.answer('payments.totals', { currency: 'GBP', from: '2026-01-01', to: '2026-01-01' })
  const secret = await halls.same('where the webhooks are signed', webhookSecretOf)
  const sign = (body: string) => ({
    body,
    signature: `t=1767268800,v1=${createHmac('sha256', secret).update(`1767268800.${body}`).digest('hex')}`,
  })
  const body = JSON.stringify({ id: 'evt_1', type: 'authorise.succeeded', key: unknown('att'), more: 1 })
  await halls.answer('payments.receiveWebhook', sign(body), asGuest)
  await halls.answer('payments.receiveWebhook', sign(body), asGuest)
  await expectRefusal(halls, 'payments.bad_webhook', { path: 'payments.receiveWebhook', input: sign('{'), ...asGuest })
  await expectRefusal(halls, 'payments.bad_signature', {
    path: 'payments.receiveWebhook',
    input: { body, signature: 't=1,v1=0' },
    ...asGuest,
  })
}

const webhookSecretOf = (hall: TestHall): Promise<string> => Promise.resolve(hall.config.paymentsWebhookSecret ?? '')

export async function askWhatWasDone(halls: Lockstep): Promise<void> {
  await halls.answer('reporting.sales', { from: '2025-12-31', to: '2026-01-02', currency: 'GBP' })
  await halls.answer('audit.verify', {})
  await halls.compareRows()
  const sales = await halls.answer('reporting.sales', { from: '2025-12-31', to: '2026-01-02', currency: 'GBP' })
  const { entries, intact } = await halls.answer('audit.verify', {})
  if (sales.orders === 0 || entries === 0 || !intact)
    throw new Error('The story has left no trace in reporting or audit.')
  await expectRefusal(halls, 'reporting.bad_range', {
    path: 'reporting.sales',
    input: { from: '2026-01-02', to: '2026-01-01', currency: 'GBP' },
  })
  await halls.answer('audit.list', { limit: 2, before: 5 })
}

/** Refusals of the pipeline itself, which any operation may meet. */
export async function stopAtTheDoor(halls: Lockstep): Promise<void> {
  const sales = { path: 'reporting.sales', input: { from: '2026-01-01', to: '2026-01-01', currency: 'GBP' } }
  await expectRefusal(halls, 'platform.unauthenticated', { ...sales, ...asGuest })
  await expectRefusal(halls, 'platform.forbidden', { ...sales, actor: service('orders:read') })
  await expectRefusal(halls, 'platform.forbidden', { ...sales, actor: customer })
  await expectRefusal(halls, 'platform.deadline_exceeded', { ...sales, timeoutMs: -1 })
  await expectRefusal(halls, 'platform.unknown_operation', {
    path: 'inventory.commit',
    input: { reference: 'x' },
    caller: 'client:key_1',
  })
  for (const { path } of operations) {
    await expectRefusal(halls, 'platform.invalid_input', { path, input: undefined })
    await expectRefusal(halls, 'platform.invalid_input', { path, input: { unknown: null, more: [] } })
  }
  await holdKey(halls, 'a busy key', async () => {
    const receive = {
      path: 'inventory.receive',
      input: { reference: 'held up', lines: [{ sku: 'LAMP', quantity: 1 }] },
    }
    await expectRefusal(halls, 'platform.in_progress', { ...receive, key: 'a busy key', timeoutMs: 1_500 })
  })
}

/** As if another run of `inventory` had the key: the refusal then says when asking again may help. */
async function holdKey(halls: Lockstep, key: string, work: () => Promise<void>): Promise<void> {
  await using held = new AsyncDisposableStack()
  for (const { hall } of halls.halls) {
    const client = new pg.Client({ connectionString: hall.config.databaseUrl })
    await client.connect()
    held.defer(() => client.end())
    const lockName = keyLockName('inventory', 'gateway', key)
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [lockName])
  }
  await work()
}
