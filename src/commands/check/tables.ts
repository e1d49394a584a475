/** Whether a module's tables can leave with it: from what its migrations make, and from the database where one is told of. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** What of tables decides whether they can move. */
export type Tables = {
  tables: { schema: string; name: string; hasPrimaryKey: boolean }[]
  /** Foreign keys from one schema to another. */
  keysAcross: { from: string; to: string }[]
  sequences: string[]
}

/** drizzle-kit's record of the tables as the newest migration leaves them, as far as it is of interest here. */
const snapshot = z.object({
  tables: z.record(
    z.string(),
    z.object({
      name: z.string(),
      schema: z.string(),
      columns: z.record(z.string(), z.object({ primaryKey: z.boolean() })),
      compositePrimaryKeys: z.record(z.string(), z.unknown()),
      foreignKeys: z.record(z.string(), z.object({ schemaTo: z.string().optional(), tableTo: z.string() })),
    }),
  ),
})

/** What drizzle-kit does not record where a migration was written by hand. */
const countsByItself =
  /\b(?:create\s+sequence|(?:small|big)?serial\b|generated\s+(?:always|by\s+default)\s+as\s+identity|nextval\s*\()/i

/** The tables that the migrations of a module make, and the keys from other modules' tables to them. */
export function migratedTables(drizzleFolder: string, module: string): Tables {
  const own = newestSnapshot(drizzleFolder, module)
  const tables = Object.values(own.tables).map(({ schema, name, columns, compositePrimaryKeys }) => ({
    schema,
    name,
    hasPrimaryKey:
      Object.values(columns).some(({ primaryKey }) => primaryKey) || Object.keys(compositePrimaryKeys).length > 0,
  }))
  const all = modulesIn(drizzleFolder).flatMap((each) => Object.values(newestSnapshot(drizzleFolder, each).tables))
  const keys = all.flatMap(({ schema, name, foreignKeys }) =>
    Object.values(foreignKeys).map(({ schemaTo = 'public', tableTo }) => ({
      from: { schema, name },
      to: { schemaTo, tableTo },
    })),
  )
  return {
    tables,
    keysAcross: keys
      .filter(({ from, to }) => (from.schema === module) !== (to.schemaTo === module))
      .map(({ from, to }) => ({ from: `${from.schema}.${from.name}`, to: `${to.schemaTo}.${to.tableTo}` })),
    sequences: migrationsIn(drizzleFolder, module).filter((file) =>
      countsByItself.test(withoutComments(readFileSync(join(drizzleFolder, module, file), 'utf8'))),
    ),
  }
}

const withoutComments = (sql: string): string => sql.replaceAll(/--.*$/gm, '')

const modulesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))

const migrationsIn = (folder: string, module: string): string[] =>
  readdirSync(join(folder, module)).filter((file) => file.endsWith('.sql'))

function newestSnapshot(folder: string, module: string) {
  const records = join(folder, module, 'meta')
  const newest = readdirSync(records)
    .filter((file) => file.endsWith('_snapshot.json'))
    .toSorted()
    .at(-1)
  if (newest === undefined) throw new Error(`${records} holds no snapshot of the tables of ${module}.`)
  return snapshot.parse(JSON.parse(readFileSync(join(records, newest), 'utf8')))
}

const databaseMsMax = 3_000

/** The tables that a database has in the module's schema. Throws where it cannot be reached. */
export async function tablesInDatabase(url: string, module: string): Promise<Tables> {
  // Loaded only where there is a database to ask: no other command needs it.
  const { default: pg } = await import('pg')
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: databaseMsMax,
    query_timeout: databaseMsMax,
  })
  await client.connect()
  try {
    const ask = async <Row extends object>(text: string) => (await client.query<Row>(text, [module])).rows
    return {
      tables: await ask(`SELECT $1::text AS schema, relname AS name,
          EXISTS (SELECT 1 FROM pg_index WHERE indrelid = c.oid AND indisprimary) AS "hasPrimaryKey"
        FROM pg_class c WHERE relnamespace = to_regnamespace(quote_ident($1)) AND relkind IN ('r', 'p') ORDER BY relname`),
      keysAcross: await ask(`SELECT conrelid::regclass::text AS from, confrelid::regclass::text AS to
        FROM pg_constraint k JOIN pg_class f ON f.oid = conrelid JOIN pg_class t ON t.oid = confrelid
        WHERE contype = 'f' AND (f.relnamespace = to_regnamespace(quote_ident($1))) IS DISTINCT FROM (t.relnamespace = to_regnamespace(quote_ident($1)))`),
      sequences: (
        await ask<{ name: string }>(
          `SELECT relname AS name FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident($1)) AND relkind = 'S'`,
        )
      ).map(({ name }) => name),
    }
  } finally {
    await client.end()
  }
}

/** What keeps these tables from leaving, a sentence each. */
export function problemsOf(module: string, { tables, keysAcross, sequences }: Tables): string[] {
  const foreign = tables.filter(({ schema }) => schema !== module)
  const keyless = tables.filter(({ hasPrimaryKey }) => !hasPrimaryKey)
  return [
    ...(tables.length === 0 ? [`there is no table in the schema ${module}`] : []),
    ...foreign.map(({ schema, name }) => `${schema}.${name} does not lie in the schema ${module}`),
    ...keyless.map(
      ({ name }) => `${name} has no primary key, without which its rows cannot be copied while they change`,
    ),
    ...keysAcross.map(({ from, to }) => `a foreign key leads from ${from} to ${to}`),
    ...sequences.map((name) => `${name} counts by a sequence, which does not travel with its tables`),
  ]
}
