/** What a hall has still to do, counted from its tables. */
import { sourcesOf } from '#platform/host/runtimes'
import { graph, type ModuleName, moduleNames } from '../modules.ts'

type Sql = (text: string) => Promise<Record<string, unknown>[]>

/** How many sagas, jobs, rebuilds, events without a position and lanes not applied to the end there are. */
export async function openWork(sql: Sql, modules: readonly ModuleName[] = moduleNames): Promise<number> {
  const [row] = await sql(`SELECT ${modules.map(openIn).join(' + ')} + ${modules.map(behindIn).join(' + ')} AS open`)
  return Number(row!['open'])
}

/** A sum of SQL: the sagas, jobs, rebuilds and events without a position that a module has. */
const openIn = (module: ModuleName): string =>
  `(SELECT count(*) FROM "${module}".sagas WHERE state IN ('running', 'undoing'))
   + (SELECT count(*) FROM "${module}".jobs WHERE state = 'waiting')
   + (SELECT count(*) FROM "${module}".journal WHERE position IS NULL)
   + (SELECT count(*) FROM "${module}".rebuilds WHERE state = 'running')`

/** How many lanes of its sources a module has not applied to the end. */
const behindIn = (module: ModuleName) =>
  `(0${sourcesOf(graph, module)
    .map(
      (source) => ` + (SELECT count(*) FROM "${source}".lanes AS l LEFT JOIN "${module}".cursors AS c
        ON c.source = '${source}' AND c.lane = l.lane WHERE l.head > coalesce(c.position, 0))`,
    )
    .join('')})`
