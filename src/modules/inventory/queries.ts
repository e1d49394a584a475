/** What the inventory asks and tells of locations, receipts and levels. */
import { statement } from '#platform/data/database'
import { asc, sql } from 'drizzle-orm'
import { answer, at, given, lines, reference } from './allocation.ts'
import { holdLines, holds, locations, receipts, stock, stockLedger } from './schema.ts'

const byPriority = [asc(locations.priority), sql`${locations.code} collate "C"`]

/** Makes a location, or changes it; a priority that is not given stays what it was. */
export const upsertLocation = statement('inventory_upsert_location', (db) =>
  db
    .insert(locations)
    .values({ code: given('code'), name: given('name'), priority: sql`coalesce(${given('priority')}::int, 0)` })
    .onConflictDoUpdate({
      target: locations.code,
      set: { name: sql`excluded.name`, priority: sql`coalesce(${given('priority')}::int, ${locations.priority})` },
    })
    .returning(),
)

export const allLocations = statement('inventory_locations', (db) =>
  db
    .select()
    .from(locations)
    .orderBy(...byPriority),
)

/**
 * Notes the receipt, adds its lines to the stock of the location and writes the ledger, all unless the reference was used
 * or the location is unknown. The lines come sorted, and the insert takes them, and so its locks, in that order.
 */
export const insertReceipt = statement('inventory_insert_receipt', (db) => {
  const place = db.$with('place', {}).as(sql`
    select code from ${locations} where code = ${given('location')}`)
  const receipt = db.$with('receipt', {}).as(sql`
    insert into ${receipts} (reference, units, at)
    select ${reference}, ${given('units')}::bigint, ${at} from place
    on conflict (reference) do nothing
    returning reference, at`)
  const arrived = db.$with('arrived', {}).as(sql`
    insert into ${stock} (sku, location, on_hand, reserved, version)
    select l.sku, p.code, l.quantity, 0, 1 from place p, ${lines} as l (sku, quantity)
    where exists (select from receipt)
    on conflict (sku, location) do update
    set on_hand = stock.on_hand + excluded.on_hand, version = stock.version + 1
    returning 1`)
  const written = db.$with('written', {}).as(sql`
    insert into ${stockLedger} (kind, reference, sku, location, delta, at)
    select 'receipt', r.reference, l.sku, p.code, l.quantity, r.at
    from receipt r, place p, ${lines} as l (sku, quantity)
    returning 1`)
  return db
    .with(place, receipt, arrived, written)
    .select({
      isKnown: sql<boolean>`exists (select from place)`,
      received: sql<boolean>`exists (select from receipt)`,
    })
    .from(answer)
})

/** By SKU, and by location in the order in which stock is taken. What expired holds keep is not held any more. */
export const stockLevels = statement('inventory_stock_levels', (db) => {
  const expired = db.$with('expired', {}).as(sql`
    select l.sku, l.location, sum(l.quantity)::bigint as units
    from ${holdLines} l join ${holds} h on h.reference = l.reference
    where l.sku = any(${given('skus')}::text[]) and h.expires_at <= clock_timestamp()
    group by l.sku, l.location`)
  return db
    .with(expired)
    .select({
      sku: stock.sku,
      location: stock.location,
      onHand: stock.onHand,
      reserved: stock.reserved,
      held: sql`${stock.held} - coalesce((
        select e.units from expired e where e.sku = ${stock.sku} and e.location = ${stock.location}), 0)`.mapWith(
        Number,
      ),
    })
    .from(stock)
    .innerJoin(locations, sql`${locations.code} = ${stock.location}`)
    .where(sql`${stock.sku} = any(${given('skus')}::text[])`)
    .orderBy(sql`${stock.sku} collate "C"`, ...byPriority)
})
