import { statement, type Db } from '#platform/data/database'
import { and, desc, eq, inArray, lt, sql } from 'drizzle-orm'
import { statesBefore, type OrderState } from './order-state.ts'
import { counters, orderLines, orders } from './schema.ts'

const given = sql.placeholder

/** An order line on the wire and in the JSON that lines travel in to and from the database. */
export type LineRow = {
  lineId: string
  sku: string
  name: string
  quantity: number
  unitPriceMinor: number
  grossMinor: number
  netMinor: number
  taxMinor: number
}

/**
 * Places an order with all its lines in one statement. No row comes back where the reference has an order already.
 *
 * The number's row stays locked until commit and makes placing orders a queue, so it is taken last: `count(*)` makes
 * the lines go in before it. The foreign key of the lines is checked at the end of the statement.
 */
export const insertOrder = statement('orders_insert', (db) => {
  const lines = db.$with('lines', {}).as(sql`
    insert into ${orderLines} (order_id, position, line_id, sku, name, quantity, unit_price_minor, gross_minor, net_minor, tax_minor)
    select ${given('id')}, line.position, line."lineId", line.sku, line.name, line.quantity, line."unitPriceMinor",
      line."grossMinor", line."netMinor", line."taxMinor"
    from json_to_recordset(${given('lines')}::json) as line(position int, "lineId" text, sku text, name text, quantity bigint,
      "unitPriceMinor" bigint, "grossMinor" bigint, "netMinor" bigint, "taxMinor" bigint)
    where not exists (select from ${orders} where reference = ${given('reference')})
    returning 1`)
  const counter = db.$with('counter', {}).as(sql`
    update ${counters} set value = value + 1
    where name = 'order_number' and (select count(*) from lines) > 0
    returning value`)
  return db
    .with(lines, counter)
    .insert(orders)
    .select(
      // In the order of the table's columns.
      sql`select ${given('id')}, counter.value, ${given('reference')}, ${given('token')}, ${given('state')},
        ${given('version')}::bigint, ${given('currency')}, ${given('country')}, ${given('address')}::jsonb,
        ${given('customer')}, ${given('externalInvoice')}, ${given('orderedAt')}, ${given('placedAt')},
        ${given('grossMinor')}::bigint, ${given('taxMinor')}::bigint, ${given('lineCount')}::int
        from counter`,
    )
    .returning({ id: orders.id, number: orders.number, token: orders.token })
})

/** The order of a reference. */
export const orderByReference = statement('orders_by_reference', (db) =>
  db
    .select({
      id: orders.id,
      number: orders.number,
      token: orders.token,
      state: orders.state,
      currency: orders.currency,
      grossMinor: orders.grossMinor,
      lineCount: orders.lineCount,
      externalInvoice: orders.externalInvoice,
    })
    .from(orders)
    .where(eq(orders.reference, given('reference'))),
)

/** Makes the order of a reference paid, where it may become so and the whole of its total was captured. */
export const payOrder = statement('orders_pay', (db) =>
  db
    .update(orders)
    .set({ state: 'paid', version: sql`${orders.version} + 1` })
    .where(
      and(
        eq(orders.reference, given('reference')),
        inArray(orders.state, statesBefore('paid')),
        eq(orders.grossMinor, given('amountMinor')),
        eq(orders.currency, given('currency')),
      ),
    )
    .returning({ orderId: orders.id, version: orders.version }),
)

const summaryColumns = {
  id: orders.id,
  number: orders.number,
  state: orders.state,
  grossMinor: orders.grossMinor,
  currency: orders.currency,
  lineCount: orders.lineCount,
  country: orders.country,
  customer: orders.customer,
  externalInvoice: orders.externalInvoice,
  orderedAt: orders.orderedAt,
}

/** An order with its lines, in one statement. */
export const orderWithLines = statement('orders_with_lines', (db) =>
  db
    .select({
      ...summaryColumns,
      token: orders.token,
      address: orders.address,
      taxMinor: orders.taxMinor,
      lines: sql<LineRow[]>`(
        select json_agg(json_build_object('lineId', line.line_id, 'sku', line.sku, 'name', line.name,
          'quantity', line.quantity, 'unitPriceMinor', line.unit_price_minor, 'grossMinor', line.gross_minor,
          'netMinor', line.net_minor, 'taxMinor', line.tax_minor) order by line.position)
        from ${orderLines} line where line.order_id = orders.id)`,
    })
    .from(orders)
    .where(eq(orders.id, given('id'))),
)

/** At most `limit` orders with numbers below `before`, newest number first. */
export function ordersBefore(
  db: Db,
  wanted: { before: number | undefined; customer: string | undefined; state: OrderState | undefined; limit: number },
) {
  const { before, customer, state, limit } = wanted
  return db
    .select(summaryColumns)
    .from(orders)
    .where(
      and(
        before === undefined ? undefined : lt(orders.number, before),
        customer === undefined ? undefined : eq(orders.customer, customer),
        state === undefined ? undefined : eq(orders.state, state),
      ),
    )
    .orderBy(desc(orders.number))
    .limit(limit)
}

/** The orders of these external invoices. */
export const ordersOfInvoices = statement('orders_of_invoices', (db) =>
  db
    .select(summaryColumns)
    .from(orders)
    .where(sql`${orders.externalInvoice} = any(${given('externalInvoices')}::text[])`)
    .orderBy(orders.number),
)
