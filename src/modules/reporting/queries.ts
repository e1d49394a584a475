import { statement } from '#platform/data/database'
import { and, asc, eq, gte, lte, sql } from 'drizzle-orm'
import { salesByDay, soldOrders } from './schema.ts'

/**
 * Lets one batch count at a time, until its transaction ends. Lanes are applied side by side, and two batches that
 * touch the same days in another order would block each other.
 */
export const countAlone = statement('reporting_count_alone', (db) =>
  db
    .select({ done: sql`pg_advisory_xact_lock(hashtext('reporting'), hashtext('sales_by_day'))::text` })
    .from(sql`(values (1)) as one`),
)

/** Counts an order into its day, unless it was counted before. */
export const countOrder = statement('reporting_count_order', (db) => {
  const counted = db.$with('counted').as(
    db
      .insert(soldOrders)
      .values({
        orderId: sql.placeholder('orderId'),
        day: sql.placeholder('day'),
        currency: sql.placeholder('currency'),
        grossMinor: sql.placeholder('grossMinor'),
      })
      .onConflictDoNothing()
      .returning(),
  )
  return db
    .with(counted)
    .insert(salesByDay)
    .select((from) =>
      from
        .select({
          day: counted.day,
          currency: counted.currency,
          orders: sql<number>`1`.as('orders'),
          grossMinor: counted.grossMinor,
        })
        .from(counted),
    )
    .onConflictDoUpdate({
      target: [salesByDay.day, salesByDay.currency],
      set: {
        orders: sql`${salesByDay.orders} + excluded.orders`,
        grossMinor: sql`${salesByDay.grossMinor} + excluded.gross_minor`,
      },
    })
})

/** The days of a range on which something was sold in a currency, oldest first. */
export const daysSold = statement('reporting_days_sold', (db) =>
  db
    .select({ day: salesByDay.day, orders: salesByDay.orders, grossMinor: salesByDay.grossMinor })
    .from(salesByDay)
    .where(
      and(
        eq(salesByDay.currency, sql.placeholder('currency')),
        gte(salesByDay.day, sql.placeholder('from')),
        lte(salesByDay.day, sql.placeholder('to')),
      ),
    )
    .orderBy(asc(salesByDay.day)),
)
