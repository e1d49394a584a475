/**
 * The copy's tables take the place of the live ones. The names are the pointer: one transaction drops the live tables and moves the
 * copy's into their schema. Whoever reads has read the old ones, or waits for that transaction, which takes no longer than a
 * fraction of a second, and reads the new ones: by statements that were prepared long ago too, since PostgreSQL plans them anew.
 */
import type pg from 'pg'
import { isTwinOf, twinOf } from '../data/twin-schema.ts'
import { platformTableNames } from '../data/platform-tables.ts'
import type { Wrote } from '../events/passes.ts'
import { atOnePlace } from './at-one-place.ts'
import { progressOf, type Rebuilding } from './catch-up.ts'
import { ownTablesIn } from './own-tables.ts'
import { endRebuild } from './rebuild-rows.ts'

/** Less than it takes PostgreSQL to look for a deadlock: it is the swap that gives way then, never who reads. */
const tablesMsMax = 500

/** Ends the rebuild with the copy's tables in place. */
export async function swap(rebuilding: Rebuilding): Promise<void> {
  const { live, id } = rebuilding
  const wrote = await atOnePlace(rebuilding, async ({ client }, at) => {
    await endRebuild(client, id, { state: 'swapped', ...progressOf(at, at) })
    await client.query('SET LOCAL ROLE NONE')
    if (!(await isTwinOf(client, { module: live.name, owner: id })))
      throw new Error('The copy is not the one that was filled.')
    const schemas = { live: client.escapeIdentifier(live.name), copy: client.escapeIdentifier(twinOf(live.name)) }
    const followed = await takeOverParked(client, { ...schemas, sources: rebuilding.sources })
    await client.query(`SET LOCAL lock_timeout = ${tablesMsMax}`)
    await moveTables(client, rebuilding, schemas)
    return followed
  })
  if (wrote.events + wrote.jobs > 0) live.committed(wrote)
}

type Schemas = { live: string; copy: string }

/**
 * What is parked belongs to the tables that lack it: the copy's. What the live listener had parked, and the copy has not, was never
 * announced: it is now, from the copy's journal. What the live one had applied, and the copy has parked, will not be again.
 */
async function takeOverParked(
  client: pg.ClientBase,
  { live, copy, sources }: Schemas & { sources: readonly string[] },
): Promise<Wrote> {
  const loud = `SELECT l.source, l.lane, l.position, l.event->>'id' AS id FROM ${live}.parked l
    WHERE l.source = ANY($1) AND NOT l.event ? 'isQuiet'`
  const applied = `WITH applied AS (SELECT id FROM (${loud}) AS l WHERE NOT EXISTS
    (SELECT 1 FROM ${copy}.parked c WHERE (c.source, c.lane, c.position) = (l.source, l.lane, l.position)))`
  const events = await client.query(
    `${applied} INSERT INTO ${live}.journal SELECT j.* FROM ${copy}.journal j JOIN applied a ON a.id = j.causation`,
    [sources],
  )
  const jobs = await client.query(
    `${applied} INSERT INTO ${live}.jobs SELECT j.* FROM ${copy}.jobs j JOIN applied a ON a.id IN (j.causation, j.id)
     ON CONFLICT (id) DO NOTHING`,
    [sources],
  )
  await client.query(
    `UPDATE ${copy}.parked c SET event = c.event || '{"isQuiet": true}' WHERE NOT EXISTS
       (SELECT 1 FROM (${loud}) AS l WHERE (l.source, l.lane, l.position) = (c.source, c.lane, c.position))`,
    [sources],
  )
  await client.query(`DELETE FROM ${live}.parked WHERE source = ANY($1)`, [sources])
  await client.query(`INSERT INTO ${live}.parked SELECT * FROM ${copy}.parked`)
  return { events: events.rowCount ?? 0, jobs: jobs.rowCount ?? 0 }
}

async function moveTables(
  client: pg.ClientBase,
  { live: runtime, copy: filled }: Rebuilding,
  { live, copy }: Schemas,
): Promise<void> {
  const own = await ownTablesIn(client, twinOf(runtime.name))
  const named = (schema: string, names: readonly string[]) =>
    names.map((name) => `${schema}.${client.escapeIdentifier(name)}`)
  const names = own.map(({ name }) => name)
  const roots = own.filter(({ isPartition }) => !isPartition).map(({ name }) => name)
  const { role } = runtime.database
  const { role: roleOfCopy } = filled.runtime.database
  await client.query(`DROP TABLE ${named(live, roots).join(', ')}`)
  for (const table of named(copy, names)) await client.query(`ALTER TABLE ${table} SET SCHEMA ${live}`)
  const moved = named(live, names).join(', ')
  if (roleOfCopy !== undefined && roleOfCopy !== role)
    await client.query(`REVOKE ALL ON ${moved} FROM ${client.escapeIdentifier(roleOfCopy)}`)
  if (role !== undefined)
    await client.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${moved} TO ${client.escapeIdentifier(role)}`)
  await client.query(`DROP TABLE ${named(copy, platformTableNames).join(', ')}`)
  // What else there might be is not dropped unseen: tables that were moved could depend on it.
  await client.query(`DROP SCHEMA ${copy}`)
}
