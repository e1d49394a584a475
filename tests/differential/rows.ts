/** What the tables of a hall hold, as far as two halls that were asked the same must hold the same. */
import { databaseTimeColumns } from '#platform/data/platform-tables'
import type { TestHall } from '#testing/hall'
import { moduleNames } from '../../src/modules.ts'
import { holdEnds } from './ask.ts'

export type Digest = { name: string; rows: number; digest: string }

/** The random name of a saga's run is no fact about the business, and the only other column that may differ. */
const incomparable = [...databaseTimeColumns, 'lease_token']

/** A parked event holds, inside its JSON, when it was announced: database time as well. */
const inJson = `((to_jsonb(t) - '{${incomparable.join(',')}}'::text[]) #- '{event,announcedAt}')`
const ofAny = `regexp_replace(${inJson}::text, '"(${holdEnds.join('|')})": "[^"]*"', '"\\1": ""', 'g')`
const comparableIn = (table: string) => (table === 'inventory.holds' ? `(${inJson} - 'expires_at')::text` : ofAny)

export async function digestsOf(hall: TestHall): Promise<Digest[]> {
  const tables = await hall.sql<{ name: string }>(
    `SELECT format('%I.%I', relnamespace::regnamespace::text, relname) AS name FROM pg_class
     WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace::regnamespace::text = ANY($1) ORDER BY 1`,
    [moduleNames],
  )
  const each = ({ name }: { name: string }) =>
    `SELECT '${name}' AS name, count(*)::int AS rows, md5(coalesce(string_agg(row, E'\\n' ORDER BY row COLLATE "C"), '')) AS digest
     FROM (SELECT ${comparableIn(name)} AS row FROM ${name} t) AS of_table`
  return hall.sql<Digest>(tables.map(each).join(' UNION ALL '))
}

export async function rowsOf(hall: TestHall, table: string): Promise<string[]> {
  const rows = await hall.sql<{ row: string }>(`SELECT ${comparableIn(table)} AS row FROM ${table} t`)
  return rows.map(({ row }) => row).sort()
}
