/** The inventory's tables. On-hand is what the ledger adds up to; reserved is what the open reservations add up to. */
import { platformTables } from '#platform/data/platform-tables'
import { sql } from 'drizzle-orm'
import { bigint, check, pgSchema, primaryKey, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core'

export const inventorySchema = pgSchema('inventory')
export const { commands, sagas, journal, lanes, cursors, parked, jobs } = platformTables(inventorySchema)

const units = (name: string) => bigint(name, { mode: 'number' }).notNull()
const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'string' })

/** What is in the house of a SKU, and how much of it is promised. */
export const stock = inventorySchema.table(
  'stock',
  {
    sku: text('sku').primaryKey(),
    onHand: units('on_hand'),
    reserved: units('reserved'),
    /** Grows with every change of the row. */
    version: bigint('version', { mode: 'number' }).notNull(),
  },
  (table) => [
    // A unit is promised once, and only if it is here.
    check('stock_reserved_within_on_hand', sql`0 <= ${table.reserved} and ${table.reserved} <= ${table.onHand}`),
  ],
)

/** Every change of on-hand, with what it was for. Its key keeps a reference from moving the same SKU twice. */
export const stockLedger = inventorySchema.table(
  'stock_ledger',
  {
    kind: text('kind').notNull(),
    reference: text('reference').notNull(),
    sku: text('sku').notNull(),
    delta: bigint('delta', { mode: 'number' }).notNull(),
    at: instant('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.kind, table.reference, table.sku] }),
    check(
      'stock_ledger_kind',
      sql`(${table.kind} = 'receipt' and ${table.delta} > 0) or (${table.kind} = 'commit' and ${table.delta} < 0)`,
    ),
  ],
)

/** The references under which stock was received: one receipt each, for ever. */
export const receipts = inventorySchema.table('receipts', {
  reference: text('reference').primaryKey(),
  units: units('units'),
  at: instant('at').notNull(),
})

/** Stock promised to a reference, ended only by commit or release: one reservation each, for ever. */
export const reservations = inventorySchema.table(
  'reservations',
  {
    id: text('id').primaryKey(),
    reference: text('reference').notNull(),
    state: text('state').notNull(),
    reservedAt: instant('reserved_at').notNull(),
    closedAt: instant('closed_at'),
  },
  (table) => [
    uniqueIndex('reservations_reference').on(table.reference),
    check('reservations_state', sql`${table.state} in ('open', 'committed', 'released')`),
    check('reservations_closed', sql`(${table.state} = 'open') = (${table.closedAt} is null)`),
  ],
)

/**
 * What a reservation holds, one row per SKU. Without a foreign key: reservation and lines are written by one statement
 * and never deleted, and checking each of 700 lines would cost more than writing it.
 */
export const reservationLines = inventorySchema.table(
  'reservation_lines',
  {
    reservationId: text('reservation_id').notNull(),
    sku: text('sku').notNull(),
    quantity: units('quantity'),
  },
  (table) => [
    primaryKey({ columns: [table.reservationId, table.sku] }),
    check('reservation_lines_quantity_positive', sql`${table.quantity} > 0`),
  ],
)
