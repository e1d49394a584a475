/** The invariant checker: green on a hall that has sold and refused, and it finds each history that cannot have happened. */
import { setImmediate } from 'node:timers/promises'
import { withClient } from '#testing/cluster'
import type { TestHall } from '#testing/hall'
import { brokenInvariants, readCharges } from '#testing/invariants'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { booksOf, buy, expectWhole, fillCart, openShop, pence, refused } from './shop.ts'

let shop: TestHall

/**
 * Three orders (one of them free) of which one is shipped and one partly given back, one that was cancelled, a cart that
 * keeps its stock, a declined card, and stock that did not suffice.
 */
beforeAll(async () => {
  shop = await openShop('near')
  const guest = () => shop.as({ kind: 'guest' })
  const bought = await buy(shop, [
    { sku: 'MUG', quantity: 2 },
    { sku: 'POST', quantity: 1 },
  ])
  const gift = await buy(shop, [{ sku: 'GIFT', quantity: 1 }])
  const regretted = await buy(shop, [{ sku: 'MUG', quantity: 1 }])
  await shop.settle()
  await guest().orders.cancel.mutate({ id: regretted.orderId, token: regretted.orderToken })
  await shop.calls.orders.refund.mutate({ id: bought.orderId, amount: pence(95), reason: 'a chipped mug' })
  await shop.calls.fulfilment.ship.mutate({ orderId: gift.orderId })
  await guest().checkout.hold.mutate(await fillCart(shop, [{ sku: 'MUG', quantity: 3 }]))
  await buy(shop, [{ sku: 'MUG', quantity: 1 }], 'card_fail_capture_once')
  await expect(buy(shop, [{ sku: 'MUG', quantity: 1 }], 'card_declined')).rejects.toMatchObject(
    refused('checkout.payment_declined'),
  )
  await expect(buy(shop, [{ sku: 'MUG', quantity: 999 }])).rejects.toMatchObject(refused('inventory.out_of_stock'))
})
afterAll(() => shop[Symbol.asyncDispose]())

type Sql = TestHall['sql']

/** Histories that cannot have happened: what is tampered with, and the beginnings of the sentences that must find it. */
const histories: { name: string; tamper: (sql: Sql) => Promise<unknown>; found: string[] }[] = [
  {
    name: 'a lost row of the stock ledger',
    tamper: (sql) => sql(`DELETE FROM inventory.stock_ledger WHERE kind = 'receipt' AND sku = 'MUG'`),
    found: ['On hand is not what the stock ledger adds up to', 'A receipt is not what the stock ledger says'],
  },
  {
    name: 'a unit that was promised twice',
    tamper: (sql) =>
      sql(
        `INSERT INTO inventory.reservation_lines (reservation_id, sku, quantity) SELECT id, 'POST', 1 FROM inventory.reservations WHERE state = 'committed'`,
      ),
    found: ['What a reservation committed is not what left the stock'],
  },
  {
    name: 'a reservation left open for an undone checkout',
    tamper: (sql) =>
      sql(`WITH reopened AS (UPDATE inventory.reservations SET state = 'open', closed_at = NULL WHERE state = 'released'
          AND reference IN (SELECT id FROM checkout.sagas WHERE state = 'undone') RETURNING id)
        UPDATE inventory.stock s SET reserved = s.reserved + l.quantity
        FROM reopened r JOIN inventory.reservation_lines l ON l.reservation_id = r.id WHERE s.sku = l.sku`),
    found: ['An undone checkout left something behind'],
  },
  {
    name: 'a reservation that was never taken off the stock',
    tamper: (sql) =>
      sql(`WITH moved AS (DELETE FROM inventory.stock_ledger WHERE kind = 'commit' AND sku = 'GIFT' RETURNING sku, delta)
        UPDATE inventory.stock s SET on_hand = s.on_hand - m.delta FROM moved m WHERE s.sku = m.sku`),
    found: ['What a reservation committed'],
  },
  {
    name: 'stock that is kept for a cart and counted for nobody',
    tamper: (sql) => sql(`UPDATE inventory.stock SET held = 0 WHERE sku = 'MUG'`),
    found: ['Held is not what the holds add up to'],
  },
  {
    name: 'a hold that lost its cart',
    tamper: (sql) => sql(`UPDATE inventory.holds SET reference = 'crt_nobodys'`),
    found: ['A hold keeps stock for no cart'],
  },
  {
    name: 'a parcel that left for a cancelled order',
    tamper: (sql) => sql(`UPDATE orders.orders SET state = 'cancelled' WHERE state = 'shipped'`),
    found: ['The stock of an order left without it', 'A shipment is not where its order is'],
  },
  {
    name: 'stock that was given up for an order that was not cancelled',
    tamper: (sql) => sql(`UPDATE orders.orders SET state = 'paid' WHERE state = 'cancelled'`),
    found: [
      'The stock of an order left without it, or was given up',
      'The stock of an order is not where the order is',
    ],
  },
  {
    name: 'an order whose stock was never promised',
    tamper: (sql) =>
      sql(
        `DELETE FROM inventory.reservation_lines WHERE reservation_id IN (SELECT id FROM inventory.reservations WHERE state = 'open')`,
      ),
    found: ['A completed checkout was not promised the stock', 'A reservation holds nothing'],
  },
  {
    name: 'a cancelled order whose money was kept',
    tamper: (sql) =>
      sql(
        `UPDATE payments.payments SET refunded_minor = 0 WHERE reference = (SELECT reference FROM orders.orders WHERE state = 'cancelled')`,
      ),
    found: ['The money of a cancelled order was kept', 'More was captured and voided than authorised'],
  },
  {
    name: 'money that was given back and is in nobody’s history',
    tamper: (sql) => sql(`DELETE FROM orders.order_history WHERE what = 'refunded'`),
    found: ['What happened to an order is not what it says'],
  },
  {
    name: 'a refund that was announced twice',
    tamper: (sql) =>
      sql(
        `UPDATE payments.journal SET name = 'payments.refunded' WHERE id = (SELECT min(id) FROM payments.journal WHERE name = 'payments.captured')`,
      ),
    found: ['A capture or a refund was not announced once each'],
  },
  {
    name: 'a product and a country that were counted twice',
    tamper: async (sql) => {
      await sql(`UPDATE reporting.sales_by_product SET units = units + 1 WHERE sku = 'MUG'`)
      await sql(`UPDATE reporting.sales_by_country SET orders = orders + 1`)
    },
    found: ['The sales by product are not the sums', 'The sales by country are not the sums'],
  },
  {
    name: 'a ledger that is out of balance',
    tamper: (sql) => sql(`DELETE FROM payments.ledger WHERE kind = 'capture' AND account = 'sales'`),
    found: ['The ledger of a payment does not sum to zero'],
  },
  {
    name: 'a capture that was booked twice',
    tamper: (sql) => sql(`UPDATE payments.ledger SET amount_minor = amount_minor * 2 WHERE kind = 'capture'`),
    found: ['More was captured and voided than authorised', 'A ledger entry fits no attempt'],
  },
  {
    name: 'an order without a checkout',
    tamper: (sql) => sql(`DELETE FROM checkout.sagas WHERE id = (SELECT min(reference) FROM orders.orders)`),
    found: ['An order has no checkout that completed it'],
  },
  {
    name: 'a completed checkout without its order',
    tamper: async (sql) => {
      for (const table of ['order_lines', 'order_history'])
        await sql(`DELETE FROM orders.${table} WHERE order_id = (SELECT id FROM orders.orders WHERE number = 1002)`)
      await sql(`DELETE FROM orders.orders WHERE number = 1002`)
    },
    found: ['A completed checkout has no order', 'Order numbers have a gap', 'An order was not announced as it is'],
  },
  {
    name: 'a lost order line',
    tamper: (sql) => sql(`DELETE FROM orders.order_lines WHERE sku = 'POST'`),
    found: ['An order is not the sum of its lines'],
  },
  {
    name: 'a cart that was bought twice',
    tamper: (sql) =>
      sql(`INSERT INTO checkout.sagas SELECT (jsonb_populate_record(s, '{"id": "sag_again", "key": "again"}')).* FROM checkout.sagas s
        WHERE s.operation = 'checkout.complete' AND s.state = 'done' LIMIT 1`),
    found: ['A cart was bought twice', 'A completed checkout has no order', 'A cart is not as its checkout left it'],
  },
  {
    name: 'an event that was applied twice',
    tamper: (sql) => sql(`UPDATE reporting.sales_by_day SET orders = orders + 1, gross_minor = gross_minor + 295`),
    found: ['The sales by day are not the sums of the orders sold'],
  },
  {
    name: 'an event that was passed over',
    tamper: (sql) => sql(`DELETE FROM audit.records WHERE number = (SELECT max(number) FROM audit.records)`),
    found: ['Audit lacks a record of an event', 'The chain of audit is broken'],
  },
  {
    name: 'a cursor that is behind',
    tamper: (sql) =>
      sql(`UPDATE reporting.cursors SET position = position - 1 WHERE source = 'orders' AND position > 0`),
    found: ['A listener is behind: reporting of orders'],
  },
  {
    name: 'a lost event',
    tamper: (sql) => sql(`DELETE FROM orders.journal WHERE name = 'orders.cancelled'`),
    found: ['The positions of a lane are not 1 to its head', 'A paid or a cancelled order was not announced once'],
  },
  {
    name: 'events of a key in the wrong order',
    tamper: (sql) =>
      sql(
        `UPDATE payments.journal SET version = 3 - version WHERE key = (SELECT min(id) FROM payments.payments WHERE state = 'captured')`,
      ),
    found: ['The events of a key do not stand in the order of their versions'],
  },
  {
    name: 'a captured payment whose order is not paid',
    tamper: (sql) => sql(`UPDATE orders.orders SET state = 'placed' WHERE state = 'paid'`),
    found: ['An order and its payment do not agree'],
  },
  {
    name: 'a checkout that was never finished',
    tamper: (sql) =>
      sql(`UPDATE checkout.sagas SET state = 'parked' WHERE id = (SELECT min(reference) FROM orders.orders)`),
    found: ['A saga is not at its end'],
  },
  {
    name: 'a row without its charge at the provider',
    tamper: (sql) =>
      sql(`UPDATE payments.attempts SET id = 'att_mine' WHERE kind = 'authorise' AND status = 'declined'`),
    found: ['The provider has a charge without a row', 'A payment is not what the provider charged'],
  },
]

/** Looks at a history as though it had happened, and takes it back. */
const brokenBy = (tamper: (sql: Sql) => Promise<unknown>) =>
  withClient(shop.config.databaseUrl!, async (client) => {
    const sql: Sql = async (text, values) => (await client.query(text, values)).rows
    const charges = await readCharges(shop.paymentsUrl)
    await sql('BEGIN')
    await tamper(sql)
    const broken = await brokenInvariants(sql, { charges, settled: true })
    await sql('ROLLBACK')
    return broken
  })

test('a hall that sold, declined and ran out of stock is whole', async () => {
  await expectWhole(shop)
  const { items } = await shop.calls.orders.list.query({})
  expect(items.map(({ state }) => state)).toEqual(['paid', 'cancelled', 'shipped', 'paid'])
})

test('what holds at any instant holds while carts are bought, refused and taken back', async () => {
  await using busy = await openShop('far', { mugs: 8, works: true })
  const sources = ['card_ok', 'card_declined', 'card_fail_capture_once', 'card_slow_50', 'card_duplicate_webhooks']
  const purchases = Array.from({ length: 25 }, (_, index) =>
    buy(busy, [{ sku: 'MUG', quantity: 1 }], sources[index % sources.length]),
  )
  const over = Promise.allSettled(purchases)
  for (let isOver = false; !isOver;) {
    const charges = await readCharges(busy.paymentsUrl)
    expect(await brokenInvariants(busy.sql, { charges })).toEqual([])
    isOver = await Promise.race([over.then(() => true), setImmediate(false)])
  }
  const bought = (await over).filter(({ status }) => status === 'fulfilled')
  await expectWhole(busy)
  expect(await booksOf(busy)).toEqual({
    orders: bought.length,
    captured: bought.length * 295,
    onHand: 8,
    reserved: bought.length,
  })
})

describe('the checker finds', () => {
  test.each(histories)('$name', async ({ tamper, found }) => {
    const broken = await brokenBy(tamper)
    for (const sentence of found) expect(broken).toContainEqual(expect.stringContaining(sentence))
    // Taken back, it has left no trace.
    expect(await brokenBy(() => Promise.resolve())).toEqual([])
  })

  test('a charge at the provider without a row', async () => {
    const body = JSON.stringify({ kind: 'authorise', amountMinor: 295, currency: 'GBP', source: 'card_ok' })
    await fetch(`${shop.paymentsUrl}/v1/attempts/att_unknown`, { method: 'PUT', body })
    expect(await brokenBy(() => Promise.resolve())).toContainEqual(
      expect.stringContaining('The provider has a charge without a row: att_unknown'),
    )
  })
})
