import { platformTables } from '#platform/data/platform-tables'
import { sql } from 'drizzle-orm'
import { bigint, check, jsonb, pgSchema, text, uniqueIndex } from 'drizzle-orm/pg-core'

export const identitySchema = pgSchema('identity')
export const { commands, sagas, journal, lanes, cursors, parked, jobs } = platformTables(identitySchema)

/** One row per API key, for ever: a revoked key stays, so that what it did can still be attributed. */
export const apiKeys = identitySchema.table(
  'api_keys',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    /** `owner`, of whom there is one, or `service`. */
    kind: text('kind', { enum: ['owner', 'service'] }).notNull(),
    permissions: jsonb('permissions').$type<string[]>().notNull(),
    keyHash: text('key_hash').notNull().unique('api_keys_key_hash'),
    /** Business time, ISO 8601 in UTC. */
    createdAt: text('created_at').notNull(),
    revokedAt: text('revoked_at'),
    version: bigint('version', { mode: 'number' }).notNull(),
  },
  (table) => [
    uniqueIndex('api_keys_one_owner')
      .on(table.kind)
      .where(sql`kind = 'owner'`),
    check('api_keys_kind', sql`kind in ('owner', 'service')`),
    check('api_keys_owner_stays', sql`kind <> 'owner' or revoked_at is null`),
    check('api_keys_key_hash_form', sql`key_hash ~ '^[0-9a-f]{64}$'`),
  ],
)
