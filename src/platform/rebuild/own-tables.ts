import type pg from 'pg'
import { platformTableNames } from '../data/platform-tables.ts'

export type OwnTable = { name: string; isPartition: boolean }

/** The tables of a schema that are not the platform's, by name. */
export async function ownTablesIn(client: pg.ClientBase, schema: string): Promise<OwnTable[]> {
  const { rows } = await client.query<OwnTable>(
    `SELECT c.relname AS name, c.relispartition AS "isPartition" FROM pg_class c
     WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p')
       AND NOT EXISTS (SELECT 1 FROM pg_class root WHERE root.oid = coalesce(pg_partition_root(c.oid), c.oid)
                       AND root.relname = ANY($2))
     ORDER BY 1`,
    [client.escapeIdentifier(schema), platformTableNames],
  )
  return rows
}
