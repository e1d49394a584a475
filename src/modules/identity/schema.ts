import { platformTables } from '#platform/data/platform-tables'
import { sql } from 'drizzle-orm'
import { bigint, check, index, integer, jsonb, pgSchema, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core'

export const identitySchema = pgSchema('identity')
export const { commands, sagas, journal, lanes, cursors, parked, jobs, rebuilds, schedules } =
  platformTables(identitySchema)

const version = () => bigint('version', { mode: 'number' }).notNull()

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
    version: version(),
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

/** One row per account of a person: a customer, or staff where it has a role. */
export const accounts = identitySchema.table(
  'accounts',
  {
    id: text('id').primaryKey(),
    /** In small letters. */
    email: text('email').notNull().unique('accounts_email'),
    name: text('name'),
    /** A PHC string: algorithm, parameters, salt and hash. The password itself is in no table. */
    passwordHash: text('password_hash').notNull(),
    roles: text('roles').array().notNull(),
    createdAt: text('created_at').notNull(),
    version: version(),
  },
  (table) => [
    index('accounts_oldest_first').on(table.createdAt, table.id),
    index('accounts_roles').using('gin', table.roles),
    check('accounts_password_hash_form', sql`password_hash like '$argon2id$%'`),
  ],
)

/** What each role permits. */
export const roles = identitySchema.table('roles', {
  name: text('name').primaryKey(),
  permissions: jsonb('permissions').$type<string[]>().notNull(),
  version: version(),
})

/** One row per sign-in, until it has expired. All instants are business time, ISO 8601 in UTC. */
export const sessions = identitySchema.table(
  'sessions',
  {
    id: text('id').primaryKey(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id),
    startedAt: text('started_at').notNull(),
    /** Each refresh puts it off, up to `lastsUntil`. */
    expiresAt: text('expires_at').notNull(),
    lastsUntil: text('lasts_until').notNull(),
    closedAt: text('closed_at'),
    /** `logged_out`, or `token_reused`: a token came back after its successor was given out. */
    closedFor: text('closed_for', { enum: ['logged_out', 'token_reused'] }),
    version: version(),
  },
  (table) => [
    index('sessions_expires_at').on(table.expiresAt),
    index('sessions_account').on(table.accountId),
    check('sessions_closed', sql`(closed_at is null) = (closed_for is null)`),
    check('sessions_closed_for', sql`closed_for in ('logged_out', 'token_reused')`),
  ],
)

/** The refresh tokens of a session, by their SHA-256. Used ones stay, so that one that comes back is known. */
export const refreshTokens = identitySchema.table(
  'refresh_tokens',
  {
    tokenHash: text('token_hash').primaryKey(),
    sessionId: text('session_id')
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    issuedAt: text('issued_at').notNull(),
    /** When it was used first, by the database's clock: all processes agree for how long it is answered again. */
    endedAt: timestamp('ended_at', { withTimezone: true, mode: 'string' }),
  },
  (table) => [
    index('refresh_tokens_session').on(table.sessionId),
    index('refresh_tokens_issued_at').on(table.issuedAt),
    check('refresh_tokens_hash_form', sql`token_hash ~ '^[0-9a-f]{64}$'`),
  ],
)

/** Attempts at a password, by the SHA-256 of the e-mail: people also type passwords into the wrong field. */
export const passwordAttempts = identitySchema.table(
  'password_attempts',
  {
    emailHash: text('email_hash').primaryKey(),
    attempts: integer('attempts').notNull(),
    startedAt: text('started_at').notNull(),
  },
  (table) => [
    index('password_attempts_started_at').on(table.startedAt),
    check('password_attempts_hash_form', sql`email_hash ~ '^[0-9a-f]{64}$'`),
  ],
)
