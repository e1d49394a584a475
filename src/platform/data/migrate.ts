/**
 * Bringing a database up to what its modules need: roles, schemas, tables, grants.
 *
 * drizzle's migrator takes no lock, so two processes starting together would collide: an advisory lock makes them take
 * turns. Roles belong to the cluster, which the lock does not cover, so they are created tolerantly.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type MigrationMeta, readMigrationFiles } from 'drizzle-orm/migrator'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import pg from 'pg'
import type { Log } from '../log.ts'

const migrationsSchema = 'migrations'
const lockName = 'markethall migrations'
const connectMsMax = 10_000
const migrationsRoot = fileURLToPath(new URL('../../../drizzle/', import.meta.url))

type Options = { url: string; modules: readonly string[]; rolePrefix: string | undefined; log: Log }

/** The role that each module's connections act as; undefined where the login may not create roles. */
export type Roles = ReadonlyMap<string, string | undefined>

/** A database that a later release has migrated: this one does not know what its tables mean now. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew'
  constructor(module: string, migrations: number) {
    super(
      `The tables of ${module} were brought up to date by a later release: the database holds ${migrations} of its ` +
        'migrations that this one does not know. Start that release, or restore a backup from before it.',
    )
  }
}

/** Migrates the modules' schemas in one database, one process at a time, and returns their roles. */
export async function prepareDatabase({ url, modules, rolePrefix, log }: Options): Promise<Roles> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'markethall migrations',
    connectionTimeoutMillis: connectMsMax,
  })
  await client.connect()
  try {
    const prefix = rolePrefix ?? (await databaseName(client))
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [lockName])
    const roles = new Map<string, string | undefined>()
    for (const module of modules) {
      await migrateModule(client, module)
      roles.set(module, await prepareRole(client, { schema: module, role: roleName(prefix, module), log }))
    }
    return roles
  } finally {
    // Closing the connection gives the lock back, also where something failed half way.
    await client.end()
  }
}

async function databaseName(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name')
  return rows[0]!.name
}

/** `<prefix>_<name>`, shortened by a hash where PostgreSQL's 63 bytes would cut it. */
export function roleName(prefix: string, name: string): string {
  const whole = `${prefix}_${name}`
  if (Buffer.byteLength(whole) <= 63) return whole
  return `${createHash('sha256').update(prefix).digest('hex').slice(0, 24)}_${name}`
}

const migrationsFolderOf = (module: string): string => `${migrationsRoot}${module}`
const migrationsTableOf = (module: string): string => `${module}_migrations`

/** A module's migrations as this release knows them, oldest first. */
export const migrationsOf = (module: string): MigrationMeta[] =>
  readMigrationFiles({ migrationsFolder: migrationsFolderOf(module) })

/** When the newest migration that a module's tables have was made. Only the login may ask. */
export async function newestMigrationIn(client: pg.ClientBase, module: string): Promise<number> {
  const table = `${migrationsSchema}.${migrationsTableOf(module)}`
  const { rows } = await client.query<{ newest: string }>(`SELECT max(created_at)::text AS newest FROM ${table}`)
  return Number(rows[0]!.newest)
}

/** Skips drizzle's migrator, and its half dozen statements, where the newest migration is there. */
async function migrateModule(client: pg.Client, module: string): Promise<void> {
  const migrationsFolder = migrationsFolderOf(module)
  const migrationsTable = migrationsTableOf(module)
  if (await isCurrent(client, { module, migrationsFolder, migrationsTable })) return
  await migrate(drizzle(client), { migrationsFolder, migrationsSchema, migrationsTable })
}

async function isCurrent(
  client: pg.Client,
  at: { module: string; migrationsFolder: string; migrationsTable: string },
): Promise<boolean> {
  const journal = JSON.parse(await readFile(`${at.migrationsFolder}/meta/_journal.json`, 'utf8')) as {
    entries: { when: number }[]
  }
  const known = journal.entries.map(({ when }) => when)
  const newest = Math.max(...known)
  const table = `${migrationsSchema}.${at.migrationsTable}`
  const there = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [table])
  if (!there.rows[0]!.there) return false
  const { rows } = await client.query<{ when: string }>(`SELECT created_at AS when FROM ${table}`)
  const applied = rows.map(({ when }) => Number(when))
  const unknown = applied.filter((when) => !known.includes(when))
  if (unknown.length > 0) throw new SchemaTooNew(at.module, unknown.length)
  return applied.includes(newest)
}

/**
 * Gives a role the use of a schema and its tables, and the login the use of the role. Returns undefined where the login may not:
 * within a transaction, that one is broken then.
 */
export async function prepareRole(
  client: pg.ClientBase,
  { schema, role, log }: { schema: string; role: string; log: Log },
): Promise<string | undefined> {
  const [name, quoted] = [client.escapeIdentifier(role), client.escapeIdentifier(schema)]
  try {
    await createRole(client, role)
    // PostgreSQL before 16 knows no SET privilege: there, a member may take the role.
    const { rows } = await client.query<{ granted: boolean }>(
      `SELECT has_schema_privilege($1, $2, 'USAGE')
              AND pg_has_role(current_user, $1, CASE WHEN current_setting('server_version_num')::int >= 160000
                                                     THEN 'SET' ELSE 'MEMBER' END)
              AND NOT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = $2
                              AND NOT has_table_privilege($1, format('%I.%I', schemaname, tablename), 'INSERT')) AS granted`,
      [role, schema],
    )
    if (rows[0]!.granted) return role
    await tolerantly(client, `GRANT ${name} TO CURRENT_USER`)
    await client.query(`GRANT USAGE ON SCHEMA ${quoted} TO ${name}`)
    await client.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${quoted} TO ${name}`)
    return role
  } catch (error) {
    const { code } = error as { code?: string }
    if (code !== '42501') throw error
    log.warn(
      { schema, role },
      'this database login may not create roles: modules are kept apart by the sources only, not by the database',
    )
    return undefined
  }
}

async function createRole(client: pg.ClientBase, role: string): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role])
  if (!rowCount) await tolerantly(client, `CREATE ROLE ${client.escapeIdentifier(role)} NOLOGIN`)
}

/** Another hall of this cluster may do the same at this moment. */
const tolerantly = (client: pg.ClientBase, statement: string): Promise<unknown> =>
  client.query(
    `DO $tolerant$ BEGIN ${statement}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $tolerant$`,
  )
