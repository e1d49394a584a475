import { platformTables } from '#platform/data/platform-tables'
import type { Actor } from '#platform/values'
import { sql } from 'drizzle-orm'
import { bigint, check, integer, jsonb, pgSchema, text } from 'drizzle-orm/pg-core'

export const auditSchema = pgSchema('audit')
export const { commands, sagas, journal, lanes, cursors, parked, jobs, rebuilds, schedules } =
  platformTables(auditSchema)

/** Who did what. Numbers run from 1 without a gap, and each record holds the hash of the one before it. */
export const records = auditSchema.table(
  'records',
  {
    number: bigint('number', { mode: 'number' }).primaryKey(),
    eventId: text('event_id').notNull().unique('records_event_id'),
    /** The module that did it. */
    source: text('source').notNull(),
    operation: text('operation').notNull(),
    actor: jsonb('actor').$type<Actor>().notNull(),
    requestId: text('request_id').notNull(),
    inputHash: text('input_hash').notNull(),
    /** The reason for which it was refused; null where it was done. */
    refused: text('refused'),
    /** How often: refusals of strangers are counted together. */
    times: integer('times').notNull().default(1),
    /** Why it was done, in the words of who did it; most commands ask for none. */
    note: text('note'),
    /** Business time, ISO 8601 in UTC. */
    at: text('at').notNull(),
    previousHash: text('previous_hash').notNull(),
    hash: text('hash').notNull(),
  },
  () => [check('records_number', sql`number > 0`), check('records_times', sql`times > 0`)],
)

/** The chain's head: the number and hash of its last record. Whoever writes a record has locked it. */
export const chain = auditSchema.table(
  'chain',
  {
    name: text('name').primaryKey(),
    number: bigint('number', { mode: 'number' }).notNull(),
    hash: text('hash').notNull(),
  },
  () => [check('chain_number', sql`number >= 0`)],
)
