import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { databaseUrlOf, withClient } from '#testing/cluster'
import { expect, inject, test } from 'vitest'

const migration = (name: string) => readFile(`drizzle/orders/${name}.sql`, 'utf8')

test('orders of before money was counted: what is paid was captured whole, and its history is known', async () => {
  const { databaseUrl } = inject('cluster')
  const name = `orders_${randomBytes(6).toString('hex')}`
  await withClient(databaseUrl, (client) => client.query(`CREATE DATABASE ${name}`))
  const { orders, history } = await withClient(databaseUrlOf(databaseUrl, name), async (client) => {
    await client.query(await migration('0000_place_orders'))
    await client.query(`
      insert into orders.orders (id, number, reference, token, state, version, currency, country, address, ordered_at,
        placed_at, gross_minor, tax_minor, line_count)
      select id, number, id, 'tok', state, version, 'GBP', 'GB', '{"country":"GB"}', '2010-12-01T08:26:00.000Z',
        '2026-01-01T00:00:00.000Z', gross, 0, 1
      from (values ('ord_1', 1001, 'placed', 1, 120), ('ord_2', 1002, 'paid', 2, 240), ('ord_3', 1003, 'paid', 2, 0))
        as o (id, number, state, version, gross);
      insert into orders.journal (id, name, key, version, fact, correlation, actor, announced_at)
      values ('evt_1', 'orders.paid', 'ord_2', 2, '{}', 'req', '{}', '2026-01-01T00:00:01.5Z')`)
    await client.query(await migration('0001_ship_cancel_refund'))
    const { rows } = await client.query(
      `select id, state, captured_minor::int as captured, capture_requested_minor::int as requested from orders.orders order by id`,
    )
    const told = await client.query(
      'select order_id, version::int as version, what, at from orders.order_history order by order_id, version',
    )
    return { orders: rows, history: told.rows }
  })
  expect(orders).toEqual([
    { id: 'ord_1', state: 'placed', captured: 0, requested: 0 },
    { id: 'ord_2', state: 'paid', captured: 240, requested: 240 },
    { id: 'ord_3', state: 'paid', captured: 0, requested: 0 },
  ])
  const placed = { version: 1, what: 'placed', at: '2026-01-01T00:00:00.000Z' }
  expect(history).toEqual([
    { order_id: 'ord_1', ...placed },
    { order_id: 'ord_2', ...placed },
    { order_id: 'ord_2', version: 2, what: 'paid', at: '2026-01-01T00:00:01.500Z' },
    { order_id: 'ord_3', ...placed },
    { order_id: 'ord_3', version: 2, what: 'paid', at: '2026-01-01T00:00:00.000Z' },
  ])
})
