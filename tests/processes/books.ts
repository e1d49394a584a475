/** The books of a hall, as its tables have them, in the words of the trade's file. */
import { setTimeout as delay } from 'node:timers/promises'
import { brokenInvariants, type Charge } from '#testing/invariants'
import { expect } from 'vitest'
import { moduleNames } from '../../src/modules.ts'
import { openWork } from '#testing/open-work'
import type { Sql, World } from './world.ts'

const settleMsMax = 60_000

/** Until no saga, job or event is left to do. Then sums over different modules are of the same moment. */
export async function settled(sql: Sql): Promise<void> {
  const giveUpAt = performance.now() + settleMsMax
  for (;;) {
    const open = await openWork(sql)
    if (open === 0) return
    if (performance.now() > giveUpAt) throw new Error(`${open} sagas, jobs or events stay open.`)
    await delay(50)
  }
}

export type BookedOrder = {
  invoice: string
  placedAt: string
  country: string
  customer: string | null
  lines: number
  grossMinor: number
}

/** Every order, by its invoice; its lines and its sum are counted from the lines. */
export async function bookedOrders(sql: Sql): Promise<BookedOrder[]> {
  return sql<BookedOrder>(
    `SELECT o.external_invoice AS invoice, o.ordered_at AS "placedAt", o.country, o.customer,
       count(l.*)::int AS lines, sum(l.gross_minor)::int AS "grossMinor"
     FROM orders.orders AS o JOIN orders.order_lines AS l ON l.order_id = o.id GROUP BY o.id ORDER BY o.external_invoice`,
  )
}

/** What every module says of the same trade. All sums are in minor units. */
async function sumsOf(sql: Sql) {
  const one = async (text: string): Promise<number> => Number((await sql<{ n: string | null }>(text))[0]!.n ?? 0)
  return {
    orders: await one(`SELECT count(*) AS n FROM orders.orders`),
    ordersPaid: await one(`SELECT count(*) AS n FROM orders.orders WHERE state = 'paid' OR gross_minor = 0`),
    ordersGross: await one(`SELECT sum(gross_minor) AS n FROM orders.orders`),
    purchases: await one(
      `SELECT count(*) AS n FROM checkout.sagas WHERE operation = 'checkout.complete' AND state = 'done'`,
    ),
    purchasesLeft: await one(`SELECT count(*) AS n FROM checkout.sagas WHERE state NOT IN ('done', 'undone')`),
    cartsCompleted: await one(`SELECT count(*) AS n FROM checkout.carts WHERE state = 'completed'`),
    captured: await one(`SELECT sum(captured_minor) AS n FROM payments.payments`),
    heldStill: await one(`SELECT sum(authorised_minor - captured_minor - voided_minor) AS n FROM payments.payments`),
    sales: await one(`SELECT -sum(amount_minor) AS n FROM payments.ledger WHERE account = 'sales'`),
    unbalanced: await one(
      `SELECT count(*) AS n FROM (SELECT 1 FROM payments.ledger GROUP BY payment_id HAVING sum(amount_minor) <> 0) AS p`,
    ),
    // What was sold waits to be sent: a shipment and a reservation for each order with goods.
    reservedWithoutShipment: await one(
      `SELECT count(*) AS n FROM (SELECT reference AS reserved FROM inventory.reservations WHERE state = 'open') AS r
         FULL JOIN (SELECT reference AS waiting FROM fulfilment.shipments WHERE state = 'waiting') AS s ON reserved = waiting
         WHERE reserved IS NULL OR waiting IS NULL`,
    ),
    // The trade receives for each invoice just what it sells.
    unitsLeft: await one(`SELECT sum(abs(on_hand - reserved)) AS n FROM inventory.stock`),
    unitsUnexplained: await one(
      `SELECT sum(abs(s.on_hand - coalesce(l.delta, 0))) AS n FROM inventory.stock AS s LEFT JOIN
         (SELECT sku, location, sum(delta) AS delta FROM inventory.stock_ledger GROUP BY sku, location) AS l USING (sku, location)`,
    ),
    reportedOrders: await one(`SELECT sum(orders) AS n FROM reporting.sales_by_day`),
    reportedGross: await one(`SELECT sum(gross_minor) AS n FROM reporting.sales_by_day`),
    parked: await one(
      `SELECT ${moduleNames.map((name) => `(SELECT count(*) FROM "${name}".parked)`).join(' + ')} AS n`,
    ),
  }
}

/** The sums that the sales of a file lead to, and nothing beside them. */
const sumsFor = ({ orders, grossMinor }: { orders: number; grossMinor: number }) => ({
  orders,
  ordersPaid: orders,
  ordersGross: grossMinor,
  purchases: orders,
  purchasesLeft: 0,
  cartsCompleted: orders,
  captured: grossMinor,
  heldStill: 0,
  sales: grossMinor,
  unbalanced: 0,
  reservedWithoutShipment: 0,
  unitsLeft: 0,
  unitsUnexplained: 0,
  reportedOrders: orders,
  reportedGross: grossMinor,
  parked: 0,
})

/** The sums of everything that was sold here, once nothing is left to do; the invariants of the hall hold then. */
export async function expectSums(world: World, sold: { orders: number; grossMinor: number }): Promise<void> {
  await settled(world.sql)
  expect(await sumsOf(world.sql)).toEqual(sumsFor(sold))
  const charges = await world.charges()
  expect(sumOfCharges(charges)).toEqual({ capturedMinor: sold.grossMinor, heldStill: 0 })
  expect(await brokenInvariants(world.sql, { charges, settled: true })).toEqual([])
}

/** What the provider took in the end; nothing may be left on hold there. */
function sumOfCharges(charges: readonly Charge[]): { capturedMinor: number; heldStill: number } {
  const succeeded = charges.filter(({ status }) => status === 'succeeded')
  const sum = (of: (charge: Charge) => number) => succeeded.reduce((total, charge) => total + of(charge), 0)
  return {
    capturedMinor: sum((charge) => charge.capturedMinor),
    heldStill: sum(({ amountMinor, capturedMinor, voidedMinor }) => amountMinor - capturedMinor - voidedMinor),
  }
}
