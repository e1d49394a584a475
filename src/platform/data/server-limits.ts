import pg from 'pg'
import { connectionFailure } from './connection-failure.ts'

const connectMsMax = 10_000

/**
 * How many connections the server of a database has for whoever is no superuser, all together. Throws a sentence that says
 * what to do where it cannot be asked.
 */
export async function connectionsOf(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectMsMax })
  // A connection that breaks is told of by what was asked on it, too.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ count: number }>(
      `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS count`,
    )
    return rows[0]!.count
  } catch (error) {
    throw connectionFailure(error, { url, variable: 'DATABASE_URL' })
  } finally {
    await client.end().catch(() => undefined)
  }
}
