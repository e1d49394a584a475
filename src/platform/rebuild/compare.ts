/** A dry run's end: the copy is compared with the live tables, where both hold the same events, and dropped. */
import type pg from 'pg'
import { dropTwin, twinOf } from '../data/twin-schema.ts'
import { redacted } from '../redact.ts'
import { atOnePlace } from './at-one-place.ts'
import { progressOf, type Rebuilding } from './catch-up.ts'
import { RebuildEnded } from './copy.ts'
import { ownTablesIn } from './own-tables.ts'
import { type Difference, endRebuild, lockRebuild, type Side } from './rebuild-rows.ts'

const samplesMax = 3
const sampleTextMax = 500

/** Ends the rebuild with what the copy holds that the live tables do not, and the other way round. */
export async function compare(rebuilding: Rebuilding): Promise<void> {
  const { live, id } = rebuilding
  const seen = await atOnePlace(rebuilding, async (_transaction, at) => {
    const { begun, ...looking } = lookAtBoth(rebuilding)
    await begun
    return { at, ...looking }
  })
  const differences = await seen.differences
  await live.database.transaction(async ({ client }) => {
    if (!(await lockRebuild(client, id))) throw new RebuildEnded()
    await endRebuild(client, id, { state: 'compared', differences, ...progressOf(seen.at, seen.at) })
    await client.query('SET LOCAL ROLE NONE')
    await dropTwin(client, live.name)
  })
}

/**
 * Both as they are at one instant, after which the live listener may go on: a snapshot sees them so however long it looks. It is taken
 * by the time that `begun` ends.
 */
function lookAtBoth({ live, copy }: Rebuilding): { begun: Promise<void>; differences: Promise<Difference[]> } {
  const { promise: begun, resolve: begin, reject } = Promise.withResolvers<void>()
  const differences = copy.runtime.database.transaction(async ({ client }) => {
    await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY')
    // Who sees both is the database's login.
    await client.query('SET LOCAL ROLE NONE')
    await client.query('SET LOCAL enable_seqscan = on')
    const tables = await ownTablesIn(client, twinOf(live.name))
    begin()
    const compared: Difference[] = []
    for (const { name, isPartition } of tables) {
      const rows = { table: name, whole: 't::text', shown: 'to_jsonb(t)' }
      if (!isPartition) compared.push(await compareTable(client, live.name, rows))
    }
    const place = `'event:' || t.source || ':' || t.lane || ':' || t.position`
    compared.push(await compareTable(client, live.name, { table: 'parked', whole: place, shown: `to_jsonb(${place})` }))
    return compared.filter(({ onlyLive, onlyRebuilt }) => onlyLive.rows + onlyRebuilt.rows > 0)
  })
  differences.catch(reject)
  return { begun, differences }
}

type Rows = { table: string; whole: string; shown: string }

async function compareTable(client: pg.ClientBase, module: string, { table, whole, shown }: Rows): Promise<Difference> {
  const rowsIn = (schema: string) =>
    `SELECT ${whole} AS whole, ${shown} AS shown FROM ${client.escapeIdentifier(schema)}.${client.escapeIdentifier(table)} t`
  const onlyIn = async (schema: string, other: string): Promise<Side> => {
    const { rows } = await client.query<{ rows: number; samples: unknown[] }>(
      `WITH differing AS MATERIALIZED (${rowsIn(schema)} EXCEPT ALL ${rowsIn(other)})
       SELECT (SELECT count(*)::int FROM differing) AS rows,
              (SELECT coalesce(json_agg(shown), '[]') FROM (SELECT shown FROM differing ORDER BY whole LIMIT ${samplesMax}) AS few) AS samples`,
    )
    const { rows: count, samples } = rows[0]!
    return { rows: count, samples: samples.map((sample) => JSON.stringify(redacted(sample)).slice(0, sampleTextMax)) }
  }
  const copy = twinOf(module)
  return { table, onlyLive: await onlyIn(module, copy), onlyRebuilt: await onlyIn(copy, module) }
}
