/**
 * The tables that the platform keeps in every module's own schema, so that they leave with the module: its idempotency
 * records, sagas, journal, cursors, jobs, schedules and rebuilds.
 *
 * Columns made by `databaseTime` hold the database's clock. They serve leases, sweeps and expiry, never a business
 * decision, and are the only columns that may differ between two halls that were asked the same.
 */
import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  date,
  index,
  integer,
  jsonb,
  type PgSchema,
  pgSchema,
  primaryKey,
  smallint,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core'

/** A column that holds the database's clock, in UTC. */
const databaseTime = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' })
const databaseNow = (name: string) =>
  databaseTime(name)
    .notNull()
    .default(sql`clock_timestamp()`)
const counted = (name: string) => bigint(name, { mode: 'number' })

/** The names of all columns that hold database time, in every platform table. */
export const databaseTimeColumns = [
  'recorded_at',
  'announced_at',
  'month',
  'lease_until',
  'deadline_at',
  'moved_at',
  'parked_at',
  'due_at',
  'enqueued_at',
  'ended_at',
] as const

/** One record per repeatable command: who asked (module or client), the key, and what was answered. */
const commandsTable = (schema: PgSchema) =>
  schema.table(
    'commands',
    {
      caller: text('caller').notNull(),
      key: text('key').notNull(),
      operation: text('operation').notNull(),
      inputHash: text('input_hash').notNull(),
      /** `done`, or `tombstone` where the undo arrived before the command. */
      state: text('state').notNull(),
      answer: jsonb('answer'),
      /** What it belongs to: the request, event or schedule with which all began. Older records have none. */
      correlation: text('correlation'),
      actor: jsonb('actor'),
      /** What was asked, without what is sensitive. */
      input: jsonb('input'),
      recordedAt: databaseNow('recorded_at'),
    },
    (table) => [
      primaryKey({ columns: [table.caller, table.key] }),
      index('commands_recorded_at').on(table.recordedAt),
      index('commands_correlation').on(table.correlation),
    ],
  )

/** One row per saga: its idempotency record and its progress in one. */
const sagasTable = (schema: PgSchema) =>
  schema.table(
    'sagas',
    {
      id: text('id').primaryKey(),
      caller: text('caller').notNull(),
      key: text('key').notNull(),
      operation: text('operation').notNull(),
      input: jsonb('input').notNull(),
      inputHash: text('input_hash').notNull(),
      actor: jsonb('actor').notNull(),
      requestId: text('request_id').notNull(),
      /** What it belongs to: the request, event or schedule with which all began. Older sagas have none. */
      correlation: text('correlation'),
      /** When it gives up going forward, pivot aside; undone from then on. Older sagas have none. */
      deadlineAt: databaseTime('deadline_at'),
      /** `running`, `done`, `undoing`, `undone`, `parked`, or `tombstone`. */
      state: text('state').notNull(),
      /** From the pivot on, an unknown outcome means ask and go forward; before it, undo. */
      pivoted: boolean('pivoted').notNull().default(false),
      /** What each finished step answered, by the step's name. */
      results: jsonb('results').notNull().default({}),
      /** What each undo answered, by the step's name. */
      undone: jsonb('undone').notNull().default({}),
      answer: jsonb('answer'),
      /** Why it was undone or parked: code, reason, sentence. */
      failure: jsonb('failure'),
      /** Who runs it now. A run whose token is gone must stop. */
      leaseToken: text('lease_token'),
      leaseUntil: databaseTime('lease_until'),
      attempts: integer('attempts').notNull().default(0),
      recordedAt: databaseNow('recorded_at'),
    },
    (table) => [
      uniqueIndex('sagas_key')
        .on(table.caller, table.key)
        .where(sql`state <> 'undone'`),
      index('sagas_open')
        .on(table.leaseUntil)
        .where(sql`state in ('running', 'undoing')`),
      index('sagas_recorded_at').on(table.recordedAt),
      index('sagas_correlation').on(table.correlation),
      index('sagas_parked')
        .on(table.id)
        .where(sql`state = 'parked'`),
    ],
  )

/** Every event that the module ever announced. Partitioned by month, with a default partition (see its migration). */
const journalTable = (schema: PgSchema) =>
  schema.table(
    'journal',
    {
      id: text('id').notNull(),
      month: date('month')
        .notNull()
        .default(sql`date_trunc('month', now())`),
      name: text('name').notNull(),
      key: text('key').notNull(),
      /** The version of the key's aggregate: it alone orders the events of a key. */
      version: counted('version').notNull(),
      fact: jsonb('fact').notNull(),
      correlation: text('correlation').notNull(),
      causation: text('causation'),
      actor: jsonb('actor').notNull(),
      announcedAt: databaseNow('announced_at'),
      /** Given by the sequencer after commit; null until then. */
      lane: smallint('lane'),
      position: counted('position'),
    },
    (table) => [
      primaryKey({ columns: [table.id, table.month] }),
      index('journal_position').on(table.lane, table.position),
      index('journal_unsequenced')
        .on(table.announcedAt)
        .where(sql`position is null`),
      index('journal_correlation').on(table.correlation),
      index('journal_key').on(table.key),
    ],
  )

/** The last position given in each lane of the journal. */
const lanesTable = (schema: PgSchema) =>
  schema.table('lanes', { lane: smallint('lane').primaryKey(), head: counted('head').notNull() })

/** How far this module's listener has applied a lane of a source's journal. */
const cursorsTable = (schema: PgSchema) =>
  schema.table(
    'cursors',
    {
      source: text('source').notNull(),
      lane: smallint('lane').notNull(),
      position: counted('position').notNull(),
      movedAt: databaseNow('moved_at'),
    },
    (table) => [primaryKey({ columns: [table.source, table.lane] })],
  )

/** Events that failed for good, and those of the same key behind them, in order. */
const parkedTable = (schema: PgSchema) =>
  schema.table(
    'parked',
    {
      source: text('source').notNull(),
      lane: smallint('lane').notNull(),
      position: counted('position').notNull(),
      key: text('key').notNull(),
      event: jsonb('event').notNull(),
      reason: text('reason').notNull(),
      /** How often it was tried; zero where it only stands behind another of its key. */
      attempts: integer('attempts').notNull().default(0),
      stack: text('stack'),
      parkedAt: databaseNow('parked_at'),
    },
    (table) => [
      primaryKey({ columns: [table.source, table.lane, table.position] }),
      index('parked_key').on(table.source, table.key),
    ],
  )

/** Work the module does later. BullMQ carries it; this row remembers it. */
const jobsTable = (schema: PgSchema) =>
  schema.table(
    'jobs',
    {
      id: text('id').primaryKey(),
      name: text('name').notNull(),
      payload: jsonb('payload').notNull(),
      actor: jsonb('actor').notNull(),
      correlation: text('correlation').notNull(),
      /** The event that it follows from, or the id of the saga or the key of the command that enqueued it. */
      causation: text('causation'),
      /** `waiting`, `done`, `failed`, or `skipped` by a person. */
      state: text('state').notNull(),
      attempts: integer('attempts').notNull().default(0),
      error: text('error'),
      dueAt: databaseNow('due_at'),
      enqueuedAt: databaseNow('enqueued_at'),
      endedAt: databaseTime('ended_at'),
    },
    (table) => [
      index('jobs_waiting')
        .on(table.dueAt)
        .where(sql`state = 'waiting'`),
      index('jobs_failed')
        .on(table.id)
        .where(sql`state = 'failed'`),
      index('jobs_correlation').on(table.correlation),
    ],
  )

/** When each schedule last began: over all processes it runs at most once in its period. */
const schedulesTable = (schema: PgSchema) =>
  schema.table('schedules', { name: text('name').primaryKey(), begunAt: databaseNow('begun_at') })

/** The rebuilds of what this module made from events: at most one runs at a time. */
const rebuildsTable = (schema: PgSchema) =>
  schema.table('rebuilds', {
    id: text('id').primaryKey(),
    /** `running`, `swapped`, `compared` (a dry run), or `failed`. */
    state: text('state').notNull(),
    isDryRun: boolean('is_dry_run').notNull(),
    actor: jsonb('actor').notNull(),
    correlation: text('correlation').notNull(),
    /** Events applied to the copy, and how many there are. */
    applied: counted('applied').notNull().default(0),
    total: counted('total').notNull().default(0),
    /** Rows that differ between copy and live tables, by table. */
    differences: jsonb('differences'),
    failure: text('failure'),
    enqueuedAt: databaseNow('enqueued_at'),
    endedAt: databaseTime('ended_at'),
  })

/** The platform's tables in a module's schema. A module's `schema.ts` hands them on, so that they are migrated with it. */
export const platformTables = (schema: PgSchema) => ({
  commands: commandsTable(schema),
  sagas: sagasTable(schema),
  journal: journalTable(schema),
  lanes: lanesTable(schema),
  cursors: cursorsTable(schema),
  parked: parkedTable(schema),
  jobs: jobsTable(schema),
  rebuilds: rebuildsTable(schema),
  schedules: schedulesTable(schema),
})

/** What those are called. All other tables of a module's schema are its own. */
export const platformTableNames = Object.keys(platformTables(pgSchema('any')))
