/**
 * Counting sold orders, and reading the sums. Each event is counted by one statement, which notes the order's version, so
 * that one told again changes nothing.
 */
import { type Db, statement } from '#platform/data/database'
import { and, asc, eq, gt, gte, lte, type SQL, sql } from 'drizzle-orm'
import { salesByCountry, salesByDay, salesByProduct, soldOrders } from './schema.ts'

const given = sql.placeholder

/**
 * Lets one batch count at a time, until its transaction ends: lanes are applied side by side, and two batches that touch
 * the same days and products in another order would block each other. Every change reads from it before it locks a row.
 * While the tables are made again beside these, each of the two has its own lock.
 */
const alone = (db: Db) =>
  db.$with('alone', {}).as(sql`select pg_advisory_xact_lock(hashtext(current_schema()), hashtext('sales')) as held`)

/** Of two names the one that was given later; of two at the same instant always the same one, in whichever way they come. */
const isLater = sql`(excluded.named_at collate "C", excluded.name collate "C") > (sales.named_at, sales.name)`

/** The lines of the order in `order`, as they are kept with it. */
const linesOf = (order: SQL) => sql`jsonb_to_recordset(${order}.lines) as line
  (sku text, name text, units bigint, "grossMinor" bigint)`

/** Counts an order into its day, its country and its products, unless it was counted before. */
export const countOrder = statement('reporting_count_order', (db) => {
  const counted = db.$with('counted', {}).as(sql`
    insert into ${soldOrders} (order_id, day, currency, gross_minor, country, lines, version)
    select ${given('orderId')}, ${given('day')}, ${given('currency')}, ${given('grossMinor')}::bigint, ${given('country')},
      ${given('lines')}::jsonb, ${given('version')}::bigint
    from alone
    on conflict do nothing
    returning *`)
  const ofDay = db.$with('of_day', {}).as(sql`
    insert into ${salesByDay} as sales (day, currency, orders, gross_minor)
    select day, currency, 1, gross_minor from counted
    on conflict (day, currency) do update
    set orders = sales.orders + 1, gross_minor = sales.gross_minor + excluded.gross_minor
    returning 1`)
  const ofCountry = db.$with('of_country', {}).as(sql`
    insert into ${salesByCountry} as sales (currency, day, country, orders, gross_minor)
    select currency, day, country, 1, gross_minor from counted
    on conflict (currency, day, country) do update
    set orders = sales.orders + 1, gross_minor = sales.gross_minor + excluded.gross_minor
    returning 1`)
  const ofProducts = db.$with('of_products', {}).as(sql`
    insert into ${salesByProduct} as sales (currency, day, sku, name, named_at, orders, units, gross_minor)
    select counted.currency, counted.day, line.sku, line.name, ${given('orderedAt')}, 1, line.units, line."grossMinor"
    from counted, ${linesOf(sql`counted`)}
    on conflict (currency, day, sku) do update
    set orders = sales.orders + 1, units = sales.units + excluded.units, gross_minor = sales.gross_minor + excluded.gross_minor,
      name = case when ${isLater} then excluded.name else sales.name end,
      named_at = greatest(excluded.named_at, sales.named_at)
    returning 1`)
  return db
    .with(alone(db), counted, ofDay, ofCountry, ofProducts)
    .select({ counted: sql<boolean>`exists (select from counted)` })
    .from(sql`(select) as answer`)
})

const isKnown = sql<boolean>`exists (select from ${soldOrders} where order_id = ${given('orderId')})`

/** Takes a cancelled order out of all figures. `isKnown` is false where it was never counted. */
export const uncountOrder = statement('reporting_uncount_order', (db) => {
  const gone = db.$with('gone', {}).as(sql`
    update ${soldOrders} sold set is_cancelled = true, version = ${given('version')}::bigint
    from alone
    where order_id = ${given('orderId')} and version < ${given('version')}::bigint and not is_cancelled
    returning sold.*`)
  const ofDay = db.$with('of_day', {}).as(sql`
    update ${salesByDay} sales set orders = sales.orders - 1, gross_minor = sales.gross_minor - gone.gross_minor,
      refunded_minor = sales.refunded_minor - gone.refunded_minor
    from gone where sales.day = gone.day and sales.currency = gone.currency
    returning 1`)
  const ofCountry = db.$with('of_country', {}).as(sql`
    update ${salesByCountry} sales set orders = sales.orders - 1, gross_minor = sales.gross_minor - gone.gross_minor
    from gone where sales.currency = gone.currency and sales.day = gone.day and sales.country = gone.country
    returning 1`)
  const ofProducts = db.$with('of_products', {}).as(sql`
    update ${salesByProduct} sales set orders = sales.orders - 1, units = sales.units - line.units,
      gross_minor = sales.gross_minor - line."grossMinor"
    from gone, ${linesOf(sql`gone`)}
    where sales.currency = gone.currency and sales.day = gone.day and sales.sku = line.sku
    returning 1`)
  return db
    .with(alone(db), gone, ofDay, ofCountry, ofProducts)
    .select({ isKnown })
    .from(sql`(select) as answer`)
})

/** Adds what was given back to the order's day. `isKnown` is false where the order was never counted. */
export const countRefund = statement('reporting_count_refund', (db) => {
  const amount = sql`${given('amountMinor')}::bigint`
  const refunded = db.$with('refunded', {}).as(sql`
    update ${soldOrders} sold set refunded_minor = refunded_minor + ${amount}, version = ${given('version')}::bigint
    from alone
    where order_id = ${given('orderId')} and version < ${given('version')}::bigint and not is_cancelled
    returning sold.*`)
  const ofDay = db.$with('of_day', {}).as(sql`
    update ${salesByDay} sales set refunded_minor = sales.refunded_minor + ${amount}
    from refunded where sales.day = refunded.day and sales.currency = refunded.currency
    returning 1`)
  return db
    .with(alone(db), refunded, ofDay)
    .select({ isKnown })
    .from(sql`(select) as answer`)
})

/** What of a table of sums lies in the range that is asked for; what was all cancelled is left out. */
const inRange = (table: typeof salesByDay | typeof salesByProduct | typeof salesByCountry) =>
  and(
    eq(table.currency, given('currency')),
    gte(table.day, given('from')),
    lte(table.day, given('to')),
    gt(table.orders, 0),
  )

const sumOf = (column: SQL) => sql`sum(${column})`.mapWith(Number)

/** The days of a range on which something was sold in a currency, oldest first. */
export const daysSold = statement('reporting_days_sold', (db) =>
  db
    .select({
      day: salesByDay.day,
      orders: salesByDay.orders,
      grossMinor: salesByDay.grossMinor,
      refundedMinor: salesByDay.refundedMinor,
    })
    .from(salesByDay)
    .where(inRange(salesByDay))
    .orderBy(asc(salesByDay.day)),
)

/** The products that were sold in a range of days, what brought most first. */
export const productsSold = statement('reporting_products_sold', (db) =>
  db
    .select({
      sku: salesByProduct.sku,
      name: sql<string>`(array_agg(name order by named_at desc))[1]`,
      orders: sumOf(sql`orders`),
      units: sumOf(sql`units`),
      grossMinor: sumOf(sql`gross_minor`),
    })
    .from(salesByProduct)
    .where(inRange(salesByProduct))
    .groupBy(salesByProduct.sku)
    .orderBy(sql`sum(gross_minor) desc, sku collate "C"`)
    .limit(given('limit')),
)

/** The countries that something was sold to in a range of days, what brought most first. */
export const countriesSold = statement('reporting_countries_sold', (db) =>
  db
    .select({ country: salesByCountry.country, orders: sumOf(sql`orders`), grossMinor: sumOf(sql`gross_minor`) })
    .from(salesByCountry)
    .where(inRange(salesByCountry))
    .groupBy(salesByCountry.country)
    .orderBy(sql`sum(gross_minor) desc, country`),
)
