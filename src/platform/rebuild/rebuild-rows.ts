/** The rows of rebuilds: what was asked, how far it is, how it ended. */
import type pg from 'pg'
import type { Actor } from '../values.ts'

/** What a table holds that the other does not: how many rows, and the beginnings of some, without what is sensitive. */
export type Side = { rows: number; samples: string[] }
export type Difference = { table: string; onlyLive: Side; onlyRebuilt: Side }

export type OpenRebuild = { id: string; isDryRun: boolean }
export type Progress = { applied: number; total: number }

/** How a rebuild ends. */
export type Ending =
  | ({ state: 'swapped' } & Progress)
  | ({ state: 'compared'; differences: readonly Difference[] } & Progress)
  | { state: 'failed'; failure: string }

export type RebuildView = {
  id: string
  state: 'running' | Ending['state']
  dryRun: boolean
  applied: number
  total: number
  differences: Difference[]
  failure: string | null
  since: string
}

const failureTextMax = 2_000

const statements = {
  beginAlone: {
    name: 'platform_rebuild_lock',
    text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))',
  },
  begin: {
    name: 'platform_rebuild_begin',
    text: `INSERT INTO rebuilds (id, state, is_dry_run, actor, correlation)
           SELECT $1, 'running', $2, $3::jsonb, $4 WHERE NOT EXISTS (SELECT 1 FROM rebuilds WHERE state = 'running')`,
  },
  open: {
    name: 'platform_rebuild_open',
    text: `SELECT id, is_dry_run AS "isDryRun" FROM rebuilds WHERE state = 'running'`,
  },
  lockOpen: {
    name: 'platform_rebuild_lock_open',
    text: `SELECT 1 FROM rebuilds WHERE id = $1 AND state = 'running' FOR UPDATE`,
  },
  progress: {
    name: 'platform_rebuild_progress',
    text: `UPDATE rebuilds SET applied = $2, total = $3 WHERE id = $1 AND state = 'running'`,
  },
  end: {
    name: 'platform_rebuild_end',
    text: `UPDATE rebuilds SET state = $2, applied = coalesce($3, applied), total = coalesce($4, total), differences = $5::jsonb,
             failure = $6, ended_at = clock_timestamp()
           WHERE id = $1 AND state = 'running'`,
  },
  show: {
    name: 'platform_rebuild_show',
    text: `SELECT id, state, is_dry_run AS "dryRun", applied::int AS applied, total::int AS total,
             coalesce(differences, '[]') AS differences, failure,
             to_char(enqueued_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS since
           FROM rebuilds WHERE $1::text IS NULL OR id = $1 ORDER BY enqueued_at DESC, id DESC LIMIT 1`,
  },
}

type Asked = Pick<pg.ClientBase, 'query'>

type Begun = { id: string; module: string; dryRun: boolean; actor: Actor; correlation: string }

/** Writes down that one is to begin, unless one runs. Returns whether it did. */
export async function beginRebuild(client: Asked, { id, module, dryRun, actor, correlation }: Begun): Promise<boolean> {
  // The second statement sees whatever was committed by whoever had the lock before.
  await client.query({ ...statements.beginAlone, values: [`rebuilds\n${module}`] })
  const values = [id, dryRun, JSON.stringify(actor), correlation]
  const { rowCount } = await client.query({ ...statements.begin, values })
  return rowCount === 1
}

/** The one that runs. */
export async function openRebuild(client: Asked): Promise<OpenRebuild | undefined> {
  const { rows } = await client.query<OpenRebuild>(statements.open)
  return rows[0]
}

/** Whether it still runs; until the transaction ends, nobody else ends it. */
export async function lockRebuild(client: Asked, id: string): Promise<boolean> {
  const { rowCount } = await client.query({ ...statements.lockOpen, values: [id] })
  return rowCount === 1
}

/** Writes down how far it is. Returns whether it still runs. */
export async function tellProgress(client: Asked, id: string, { applied, total }: Progress): Promise<boolean> {
  const { rowCount } = await client.query({ ...statements.progress, values: [id, applied, total] })
  return rowCount === 1
}

/** Writes down how it ended. */
export async function endRebuild(client: Asked, id: string, ending: Ending): Promise<void> {
  const { applied, total } = 'applied' in ending ? ending : { applied: null, total: null }
  const differences = 'differences' in ending ? JSON.stringify(ending.differences) : null
  const failure = 'failure' in ending ? ending.failure.slice(0, failureTextMax) : null
  await client.query({ ...statements.end, values: [id, ending.state, applied, total, differences, failure] })
}

/** One of them, or the newest. */
export async function findRebuild(client: Asked, id: string | undefined): Promise<RebuildView | undefined> {
  const { rows } = await client.query<RebuildView>({ ...statements.show, values: [id ?? null] })
  return rows[0]
}
