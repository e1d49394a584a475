/**
 * A second copy of a module's tables, beside the live ones: made by the module's own migrations, in a schema of its own, so that
 * its indexes and constraints are called what a fresh migration would call them, and its tables can take the others' place.
 *
 * It has a role of its own, which sees nothing else: what would reach the live tables by mistake is refused by PostgreSQL.
 */
import type pg from 'pg'
import type { Log } from '../log.ts'
import { qualifiedAs } from './database.ts'
import { migrationsOf, newestMigrationIn, prepareRole, roleName } from './migrate.ts'

export const twinOf = (module: string): string => `${module}_copy`

/** The tables of this module were migrated by another release: that one knows what is to be made of them. */
export class OtherRelease extends Error {
  override readonly name = 'OtherRelease'
}

/** A migration that cannot be carried out in another schema. */
export class NoTwin extends Error {
  override readonly name = 'NoTwin'
}

type Wanted = {
  module: string
  /** Whose copy it is. */
  owner: string
  /** The module's role, or undefined where there are none. */
  role: string | undefined
  log: Log
}

/**
 * Makes the copy, or finds the one that was made for the same owner and by the same migrations, and returns the role that may use
 * it. What was made for another, or before a migration, is dropped first. In a transaction of the login's.
 */
export async function prepareTwin(client: pg.ClientBase, wanted: Wanted): Promise<string | undefined> {
  const { module, owner } = wanted
  const schema = client.escapeIdentifier(twinOf(module))
  const mark = await markFor(client, { module, owner })
  if ((await markOf(client, module)) !== mark) {
    await dropTwin(client, module)
    await client.query(`CREATE SCHEMA ${schema}`)
    for (const statement of statementsFor(module)) await client.query(statement)
    await client.query(`COMMENT ON SCHEMA ${schema} IS ${client.escapeLiteral(mark)}`)
  }
  return roleFor(client, wanted)
}

/** Drops the copy, whoever made it. */
export const dropTwin = (client: pg.ClientBase, module: string): Promise<unknown> =>
  client.query(`DROP SCHEMA IF EXISTS ${client.escapeIdentifier(twinOf(module))} CASCADE`)

/** Whether the copy is the owner's, and its tables are such as the live ones are now. */
export const isTwinOf = async (client: pg.ClientBase, made: { module: string; owner: string }): Promise<boolean> =>
  (await markOf(client, made.module)) === (await markFor(client, made))

/** What is written at the copy: whose it is, and by which migrations it was made. */
async function markFor(client: pg.ClientBase, { module, owner }: { module: string; owner: string }): Promise<string> {
  const known = migrationsOf(module).at(-1)!.folderMillis
  if ((await newestMigrationIn(client, module)) !== known)
    throw new OtherRelease(`The tables of ${module} were migrated by another release.`)
  return `${owner} ${known}`
}

async function markOf(client: pg.ClientBase, module: string): Promise<string | null> {
  const { rows } = await client.query<{ mark: string | null }>(
    `SELECT obj_description(to_regnamespace($1), 'pg_namespace') AS mark`,
    [client.escapeIdentifier(twinOf(module))],
  )
  return rows[0]!.mark
}

/** The statements of all migrations, with the schema's name changed. Throws where one names it in a way that cannot be. */
function statementsFor(module: string): string[] {
  const schema = twinOf(module)
  const named = new RegExp(`(?<![\\w"])"?${module}"?\\s*\\.`, 'i')
  const all = migrationsOf(module).flatMap(({ sql }) => sql.map(withoutComments))
  const statements = all.filter((text) => text !== '' && !/^create schema\b/i.test(text))
  return statements.map((text) => {
    const changed = qualifiedAs(text, { module, schema })
    if (named.test(changed.replaceAll(/'[^']*'/g, '')))
      throw new NoTwin(`A migration of ${module} names its schema without quotes: ${text}`)
    return changed
  })
}

const withoutComments = (text: string): string => text.replaceAll(/^\s*--.*$/gm, '').trim()

async function roleFor(client: pg.ClientBase, { module, role, log }: Wanted): Promise<string | undefined> {
  if (role === undefined) return undefined
  await client.query('SAVEPOINT role')
  const own = await prepareRole(client, { schema: twinOf(module), role: roleName(role, 'copy'), log })
  if (own !== undefined) return own
  await client.query('ROLLBACK TO SAVEPOINT role')
  return prepareRole(client, { schema: twinOf(module), role, log })
}
