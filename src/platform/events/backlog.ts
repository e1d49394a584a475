/** What a module has not worked off yet, as one cheap query tells it. */
import type { ModuleDatabase } from '../data/database.ts'

export type Backlog = {
  /** How far each lane of its journal goes. */
  lanes: readonly { lane: number; head: number }[]
  /** Announced, and without a place in the journal yet. */
  unsequenced: number
  unsequencedSeconds: number
  /** How far it has applied the lanes of its sources. */
  cursors: readonly { source: string; lane: number; position: number }[]
  parked: readonly { source: string; events: number }[]
  /** Not done yet, of these those that are due, and for how long the first of them has been. */
  jobsWaiting: number
  jobsDue: number
  jobsDueSeconds: number
  jobsFailed: number
  sagasOpen: number
  sagasParked: number
}

const since = (time: string) => `coalesce(extract(epoch FROM clock_timestamp() - min(${time}))::float8, 0)`

const asked = {
  name: 'platform_backlog',
  text: `SELECT j.*, due.*,
    (SELECT coalesce(json_agg(l), '[]') FROM (SELECT lane, head FROM lanes) AS l) AS lanes,
    (SELECT coalesce(json_agg(c), '[]') FROM (SELECT source, lane, position FROM cursors) AS c) AS cursors,
    (SELECT coalesce(json_agg(p), '[]') FROM (SELECT source, count(*) AS events FROM parked GROUP BY source) AS p) AS parked,
    (SELECT count(*)::int FROM jobs WHERE state = 'waiting') AS "jobsWaiting",
    (SELECT count(*)::int FROM jobs WHERE state = 'failed') AS "jobsFailed",
    (SELECT count(*)::int FROM sagas WHERE state IN ('running', 'undoing')) AS "sagasOpen",
    (SELECT count(*)::int FROM sagas WHERE state = 'parked') AS "sagasParked"
    FROM (SELECT count(*)::int AS unsequenced, ${since('announced_at')} AS "unsequencedSeconds"
          FROM journal WHERE position IS NULL) AS j,
         (SELECT count(*)::int AS "jobsDue", ${since('due_at')} AS "jobsDueSeconds"
          FROM jobs WHERE state = 'waiting' AND due_at <= clock_timestamp()) AS due`,
}

/** What a module has not worked off yet. */
export async function backlogOf({ pool }: Pick<ModuleDatabase, 'pool'>): Promise<Backlog> {
  const { rows } = await pool.query<Backlog>(asked)
  return rows[0]!
}
