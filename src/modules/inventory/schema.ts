/**
 * The inventory's tables. Of each SKU at each location: on-hand is what the ledger adds up to, reserved is what the open
 * reservations add up to, held is what the holds add up to.
 */
import { platformTables } from '#platform/data/platform-tables'
import { sql } from 'drizzle-orm'
import { bigint, check, index, integer, pgSchema, primaryKey, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core'

export const inventorySchema = pgSchema('inventory')
export const { commands, sagas, journal, lanes, cursors, parked, jobs, rebuilds, schedules } =
  platformTables(inventorySchema)

const units = (name: string) => bigint(name, { mode: 'number' }).notNull()
const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'string' })

/** The location of all stock that names none. */
export const mainLocation = 'main'
const location = () => text('location').notNull().default(mainLocation)

/** Where stock lies; it is taken from the lowest priority first. */
export const locations = inventorySchema.table('locations', {
  code: text('code').primaryKey(),
  name: text('name').notNull(),
  priority: integer('priority').notNull(),
})

/** What lies at a location of a SKU, how much of it is promised, and how much is kept for carts. */
export const stock = inventorySchema.table(
  'stock',
  {
    sku: text('sku').notNull(),
    location: location().references(() => locations.code),
    onHand: units('on_hand'),
    reserved: units('reserved'),
    held: units('held').default(0),
    /** Grows with every change of the row. */
    version: bigint('version', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ name: 'stock_sku_location_pk', columns: [table.sku, table.location] }),
    // A unit is promised or kept once, and only if it is here.
    check(
      'stock_promised_within_on_hand',
      sql`0 <= ${table.reserved} and 0 <= ${table.held} and ${table.reserved} + ${table.held} <= ${table.onHand}`,
    ),
  ],
)

/** Every change of on-hand, with what it was for. Its key keeps a reference from moving the same SKU of a location twice. */
export const stockLedger = inventorySchema.table(
  'stock_ledger',
  {
    kind: text('kind').notNull(),
    reference: text('reference').notNull(),
    sku: text('sku').notNull(),
    location: location(),
    delta: bigint('delta', { mode: 'number' }).notNull(),
    at: instant('at').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'stock_ledger_kind_reference_sku_location_pk',
      columns: [table.kind, table.reference, table.sku, table.location],
    }),
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
 * What a reservation promises, one row per SKU and location. Without a foreign key: reservation and lines are written by one statement
 * and never deleted, and checking each of 700 lines would cost more than writing it.
 */
export const reservationLines = inventorySchema.table(
  'reservation_lines',
  {
    reservationId: text('reservation_id').notNull(),
    sku: text('sku').notNull(),
    location: location(),
    quantity: units('quantity'),
  },
  (table) => [
    primaryKey({
      name: 'reservation_lines_reservation_id_sku_location_pk',
      columns: [table.reservationId, table.sku, table.location],
    }),
    check('reservation_lines_quantity_positive', sql`${table.quantity} > 0`),
  ],
)

/** Stock kept for a cart until an instant of the database's clock. */
export const holds = inventorySchema.table(
  'holds',
  { reference: text('reference').primaryKey(), expiresAt: instant('expires_at').notNull() },
  (table) => [index('holds_expires_at').on(table.expiresAt)],
)

/**
 * What a hold keeps. Of one that has expired, lines may be gone that others had a use for. They are written and deleted by
 * whoever has locked the row of `stock` that they are of, and by nobody else.
 */
export const holdLines = inventorySchema.table(
  'hold_lines',
  {
    reference: text('reference').notNull(),
    sku: text('sku').notNull(),
    location: text('location').notNull(),
    quantity: units('quantity'),
  },
  (table) => [
    primaryKey({ columns: [table.reference, table.sku, table.location] }),
    index('hold_lines_sku').on(table.sku),
    check('hold_lines_quantity_positive', sql`${table.quantity} > 0`),
  ],
)
