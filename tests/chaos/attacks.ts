/** Whoever means ill, or does not know how to ask: nothing of it may be done. Repeats of what was answered belong here too. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Client, Done } from './client.ts'
import type { Trade } from './trade.ts'

/** Repeats answered requests under their keys, and uses keys again for something else, until told to stop. */
export async function repeat({ client, chance, stopping }: Trade): Promise<void> {
  while (!stopping.aborted) {
    await delay(chance(50, 300), undefined, { signal: stopping }).catch(() => undefined)
    const done = client.done[chance(0, client.done.length - 1)]
    if (done === undefined) continue
    if (chance(0, 3) > 0) await repeatOnce(client, done)
    else await useKeyForOther(client, done)
  }
}

/** The answer is compared by the client. */
export async function repeatOnce(client: Client, { ask }: Done): Promise<void> {
  const end = await client.ask(ask)
  if ('refused' in end)
    client.violations.push(
      `What was answered was refused when asked again: ${ask.operation} ${ask.key}: ${end.refused}.`,
    )
}

const others: Record<string, (input: any) => unknown> = {
  'checkout.createCart': (input) => ({ ...input, address: { country: 'FR' } }),
  'checkout.addLines': (input) => ({ ...input, lines: [{ sku: 'BOWL', quantity: 999 }] }),
  'checkout.complete': (input) => ({ ...input, payment: { source: 'card_of_somebody_else' } }),
  'orders.refund': (input) => ({ ...input, reason: 'another' }),
  'inventory.receive': (input) => ({ ...input, reference: `${input.reference}, again` }),
}

async function useKeyForOther(client: Client, { ask }: Done): Promise<void> {
  const input = others[ask.operation]?.(ask.input)
  if (input === undefined) return
  const end = await client.ask({ ...ask, input })
  if ('answer' in end || ('refused' in end && end.refused !== 'platform.key_reused'))
    client.violations.push(
      `A key was used for something else: ${ask.operation} ${ask.key} told ${JSON.stringify(end).slice(0, 200)}.`,
    )
}

type Thrown = Parameters<Client['throw']>[0]
const json = { 'content-type': 'application/json' }
const post = (path: string, body: string, headers: Record<string, string> = {}): Thrown => ({
  path,
  method: 'POST',
  headers: { ...json, ...headers },
  body,
})

/** What must never be done, given something that was answered before. */
function attacksOn({ ask, answer }: Done): Thrown[] {
  const order = ask.operation === 'checkout.complete' ? (answer as { orderId: string }).orderId : 'ord_1'
  const forged = 'tok_00000000-0000-7000-8000-000000000000'
  return [
    post('/trpc/checkout.createCart', '{"currency":'),
    post('/trpc/checkout.createCart', '{"currency":"GBP","admin":true}'),
    post('/trpc/checkout.complete', JSON.stringify({ cartId: 'crt_1', expectedTotal: -1 })),
    post('/trpc/orders.cancel', JSON.stringify({ id: order, token: forged })),
    post(
      '/trpc/orders.refund',
      JSON.stringify({ id: order, amount: { amountMinor: 1, currency: 'GBP' }, reason: 'mine' }),
    ),
    post('/trpc/inventory.receive', JSON.stringify({ reference: 'x', lines: [{ sku: 'MUG', quantity: 1 }] }), {
      authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJzdGFmZiJ9.',
    }),
    post('/trpc/inventory.reserve', JSON.stringify({ reference: 'x', lines: [{ sku: 'MUG', quantity: 1 }] })),
    post('/webhooks/payments', JSON.stringify({ events: [{ id: 'evt_1', type: 'capture.succeeded', key: 'att_1' }] }), {
      'x-payment-signature': 't=1,v1=00',
    }),
    {
      path: `/trpc/orders.get?input=${encodeURIComponent(JSON.stringify({ id: order, token: forged }))}`,
      method: 'GET',
      headers: {},
    },
  ]
}

/** Attacks until told to stop. */
export async function attack({ client, chance, stopping }: Trade): Promise<void> {
  while (!stopping.aborted) {
    await delay(chance(100, 500), undefined, { signal: stopping }).catch(() => undefined)
    const done = client.done[chance(0, client.done.length - 1)]
    if (done === undefined) continue
    const attacks = attacksOn(done)
    const thrown = attacks[chance(0, attacks.length - 1)]!
    const status = await client.throw(thrown)
    if (status !== undefined && status < 400)
      client.violations.push(`An attack was answered with ${status}: ${thrown.path} ${thrown.body?.slice(0, 200)}.`)
  }
}
