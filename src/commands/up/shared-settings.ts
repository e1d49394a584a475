/** The settings that all processes of a topology on this machine are given, beside what they inherit from us. */
import type { Config } from '#platform/config'
import { freePort } from '#platform/data/postgres-server'
import { connectionsOf } from '#platform/data/server-limits'

/** What a process needs at least. */
const connectionsMin = 8
/** Left to whoever looks at the database meanwhile, and to what starts again before its predecessor's are gone. */
const connectionsLeft = 20
const everywhere = ['0.0.0.0', '::']

/** `databaseUrl` is where all of them are connected, `processes` how many they are. Throws where that cannot be. */
export async function settingsForAll(
  config: Config,
  { databaseUrl, processes }: { databaseUrl: string; processes: number },
): Promise<Record<string, string>> {
  const port = config.port === 0 ? await freePort(undefined) : config.port
  return {
    PORT: String(port),
    // One for all would be one too few: each has its own in the topology.
    INTERNAL_PORT: '',
    METRICS_PORT: '',
    PUBLIC_URL: config.publicUrl ?? `http://${reachableHost(config.host)}:${port}`,
    DATABASE_CONNECTIONS: String(Math.min(config.databaseConnections, await shareOf(databaseUrl, processes))),
    // Who ends by whose end is known by the channel to us, whatever started us.
    npm_lifecycle_event: '',
  }
}

async function shareOf(databaseUrl: string, processes: number): Promise<number> {
  const all = await connectionsOf(databaseUrl)
  const share = Math.floor((all - connectionsLeft) / processes)
  if (share >= connectionsMin) return share
  throw new Error(
    `The database has ${all} connections, too few for ${processes} processes with ${connectionsMin} each. ` +
      `Set its max_connections to ${connectionsLeft + connectionsMin * processes + 3} or more.`,
  )
}

function reachableHost(host: string): string {
  if (everywhere.includes(host)) return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
