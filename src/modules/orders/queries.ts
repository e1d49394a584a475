import { statement } from '#platform/data/database'
import { and, desc, eq, lt, sql } from 'drizzle-orm'
import { counters, orderHistory, orderLines, orders } from './schema.ts'

const given = sql.placeholder

/** An order line on the wire and in the JSON that lines travel in to and from the database. */
type LineRow = {
  lineId: string
  sku: string
  name: string
  quantity: number
  unitPriceMinor: number
  grossMinor: number
  netMinor: number
  taxMinor: number
}
type HistoryRow = { what: string; at: string; amountMinor: number | null; note: string | null }

/**
 * Places an order with all its lines in one statement. No row comes back where the reference has an order already.
 *
 * The number's row stays locked until commit and makes placing orders a queue, so it is taken last: `count(*)` makes
 * the lines go in before it. The foreign keys are checked at the end of the statement.
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
  const placed = db.$with('placed', {}).as(sql`
    insert into ${orders} (id, number, reference, token, state, version, currency, country, address, customer,
      external_invoice, ordered_at, placed_at, gross_minor, tax_minor, line_count, shipping, capture_requested_minor)
    select ${given('id')}, counter.value, ${given('reference')}, ${given('token')}, ${given('state')},
      ${given('version')}::bigint, ${given('currency')}, ${given('country')}, ${given('address')}::jsonb,
      ${given('customer')}, ${given('externalInvoice')}, ${given('orderedAt')}, ${given('placedAt')},
      ${given('grossMinor')}::bigint, ${given('taxMinor')}::bigint, ${given('lineCount')}::int, ${given('shipping')}::jsonb,
      ${given('captureMinor')}::bigint
    from counter
    returning id, number, token`)
  const told = db.$with('told', {}).as(sql`
    insert into ${orderHistory} (order_id, version, what, at)
    select placed.id, state.version, state.name, ${given('placedAt')}
    from placed, unnest(${given('states')}::text[]) with ordinality as state (name, version)
    returning 1`)
  return db
    .with(lines, counter, placed, told)
    .select({
      id: sql<string>`placed.id`,
      number: sql`placed.number`.mapWith(Number),
      token: sql<string>`placed.token`,
    })
    .from(sql`placed`)
})

/** The order of a reference. */
export const orderByReference = statement('orders_by_reference', (db) =>
  db
    .select({
      id: orders.id,
      number: orders.number,
      token: orders.token,
      currency: orders.currency,
      grossMinor: orders.grossMinor,
      lineCount: orders.lineCount,
      externalInvoice: orders.externalInvoice,
      paymentVersion: orders.paymentVersion,
    })
    .from(orders)
    .where(eq(orders.reference, given('reference'))),
)

/** What decides about an order, or tells why it was decided so. */
export const orderById = statement('orders_by_id', (db) =>
  db
    .select({
      reference: orders.reference,
      token: orders.token,
      customer: orders.customer,
      state: orders.state,
      currency: orders.currency,
    })
    .from(orders)
    .where(eq(orders.id, given('id'))),
)

const summaryColumns = {
  id: orders.id,
  number: orders.number,
  state: orders.state,
  grossMinor: orders.grossMinor,
  capturedMinor: orders.capturedMinor,
  refundedMinor: orders.refundedMinor,
  currency: orders.currency,
  lineCount: orders.lineCount,
  country: orders.country,
  customer: orders.customer,
  externalInvoice: orders.externalInvoice,
  orderedAt: orders.orderedAt,
}

/** An order with its lines and its history, in one statement. */
export const orderWithLines = statement('orders_with_lines', (db) =>
  db
    .select({
      ...summaryColumns,
      token: orders.token,
      address: orders.address,
      shipping: orders.shipping,
      carrier: orders.carrier,
      trackingNumber: orders.trackingNumber,
      taxMinor: orders.taxMinor,
      lines: sql<LineRow[]>`(
        select json_agg(json_build_object('lineId', line.line_id, 'sku', line.sku, 'name', line.name,
          'quantity', line.quantity, 'unitPriceMinor', line.unit_price_minor, 'grossMinor', line.gross_minor,
          'netMinor', line.net_minor, 'taxMinor', line.tax_minor) order by line.position)
        from ${orderLines} line where line.order_id = orders.id)`,
      history: sql<HistoryRow[]>`(
        select json_agg(json_build_object('what', entry.what, 'at', entry.at, 'amountMinor', entry.amount_minor,
          'note', entry.note) order by entry.version)
        from ${orderHistory} entry where entry.order_id = orders.id)`,
    })
    .from(orders)
    .where(eq(orders.id, given('id'))),
)

const inState = sql`(${given('state')}::text is null or ${orders.state} = ${given('state')}::text)`

/** At most `limit` orders with numbers below `before`, newest number first. */
export const ordersBefore = statement('orders_before', (db) =>
  db
    .select(summaryColumns)
    .from(orders)
    .where(and(lt(orders.number, given('before')), inState))
    .orderBy(desc(orders.number))
    .limit(given('limit')),
)

/** The same of one customer. */
export const ordersOfCustomer = statement('orders_of_customer', (db) =>
  db
    .select(summaryColumns)
    .from(orders)
    .where(and(eq(orders.customer, given('customer')), lt(orders.number, given('before')), inState))
    .orderBy(desc(orders.number))
    .limit(given('limit')),
)

/** The orders of these external invoices. */
export const ordersOfInvoices = statement('orders_of_invoices', (db) =>
  db
    .select(summaryColumns)
    .from(orders)
    .where(sql`${orders.externalInvoice} = any(${given('externalInvoices')}::text[])`)
    .orderBy(orders.number),
)
