import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { databaseUrlOf, withClient } from '#testing/cluster'
import { expect, inject, test } from 'vitest'

const migration = (name: string) => readFile(`drizzle/payments/${name}.sql`, 'utf8')

test('payments of before parts: a capture under way is a claim that the sweep finishes', async () => {
  const { databaseUrl } = inject('cluster')
  const name = `payments_${randomBytes(6).toString('hex')}`
  await withClient(databaseUrl, (client) => client.query(`CREATE DATABASE ${name}`))
  await withClient(databaseUrlOf(databaseUrl, name), async (client) => {
    await client.query(await migration('0000_create_payments'))
    await client.query(`
      insert into payments.payments (id, reference, state, amount_minor, currency, authorised_minor, captured_minor, created_at)
      values ('pay_1', 'r1', 'capturing', 120, 'GBP', 120, 0, ''), ('pay_2', 'r2', 'captured', 240, 'GBP', 240, 240, ''),
        ('pay_3', 'r3', 'authorised', 360, 'GBP', 360, 0, '');
      insert into payments.attempts (id, payment_id, kind, amount_minor, currency, opened_at, status, resolved_at)
      values ('att_1', 'pay_1', 'authorise', 120, 'GBP', '', 'succeeded', ''), ('att_2', 'pay_1', 'capture', 120, 'GBP', '', null, null);
      insert into payments.sagas (id, caller, key, operation, input, input_hash, actor, request_id, state)
      values ('sag_1', 'checkout', 'k1', 'payments.capture', '{}', '', '{}', '', 'running'),
        ('sag_2', 'checkout', 'k2', 'payments.authorise', '{}', '', '{}', '', 'running')`)
    await client.query(await migration('0001_capture_in_parts_and_refund'))
    const rows = async (text: string) => (await client.query<Record<string, unknown>>(text)).rows
    expect(
      await rows('select id, state, capturing_minor::int as capturing from payments.payments order by id'),
    ).toEqual([
      { id: 'pay_1', state: 'authorised', capturing: 120 },
      { id: 'pay_2', state: 'captured', capturing: 0 },
      { id: 'pay_3', state: 'authorised', capturing: 0 },
    ])
    expect(await rows('select id, request from payments.attempts order by id')).toEqual([
      { id: 'att_1', request: null },
      { id: 'att_2', request: 'att_2' },
    ])
    expect(await rows('select id, state from payments.sagas order by id')).toEqual([
      { id: 'sag_1', state: 'undone' },
      { id: 'sag_2', state: 'running' },
    ])
  })
})
