/** The databases of a process: which one each module has, its roles, and its share of the connections. */
import type { Config } from '../config.ts'
import { connectionFailure } from '../data/connection-failure.ts'
import { acquirePostgres } from '../data/embedded-postgres.ts'
import { prepareDatabase, type Roles } from '../data/migrate.ts'
import type { Log } from '../log.ts'
import type { Place } from './topology.ts'

/** The databases of the modules here: given ones, or an embedded PostgreSQL of our own. */
export async function openDatabases(
  { config, log, place }: { config: Config; log: Log; place: Place },
  closers: (() => Promise<unknown>)[],
) {
  // A gateway without modules on Redis needs no database at all.
  const modulesNeedIt = place.modules.some((module) => config.databaseUrls[module] === undefined)
  const queuesNeedIt = config.queueDatabaseUrl === undefined && config.redisUrl === undefined
  let sharedUrl = config.databaseUrl
  if (sharedUrl === undefined && (modulesNeedIt || queuesNeedIt)) {
    const server = await acquirePostgres({ dataDir: config.dataDir, log })
    closers.push(() => server.release())
    sharedUrl = server.url
  }
  const urlOf = (module: string): string => config.databaseUrls[module] ?? sharedUrl!
  const roles = new Map<string, Roles>()
  for (const [url, modules] of Map.groupBy(place.modules, urlOf)) {
    const preparing = prepareDatabase({ url, modules, rolePrefix: config.rolePrefix, log })
    const variable = url === sharedUrl ? 'DATABASE_URL' : `${modules[0]!.toUpperCase()}_DATABASE_URL`
    const prepared = await preparing.catch((error: unknown) =>
      Promise.reject(connectionFailure(error, { url, variable })),
    )
    roles.set(url, prepared)
  }
  return {
    urlOf,
    rolesOf: (module: string) => roles.get(urlOf(module))!,
    /** Undefined only where the queues are on Redis. */
    queueUrl: config.queueDatabaseUrl ?? sharedUrl,
  }
}

/** What is left of the connection budget for each module, after queues, wake-ups and locks have theirs. */
export function shareOf(
  { databaseConnections, redisUrl }: Config,
  { modules, works }: { modules: number; works: boolean },
): number {
  const forQueues = works && redisUrl === undefined ? modules + 4 : 0
  return Math.max(2, Math.floor((databaseConnections - forQueues - 2) / Math.max(1, modules)))
}
