/** The registry in PostgreSQL. Leases are on the database's clock. */
import pg from 'pg'
import { connectionFailure } from '../data/connection-failure.ts'
import { surviveLoss } from '../data/database.ts'
import { type Announced, leaseMs, type Registry } from './registry.ts'

// What a crash of the server forgets is announced again with the next heartbeat.
const create = `
  SELECT pg_advisory_xact_lock(hashtextextended('markethall directory', 0));
  CREATE SCHEMA IF NOT EXISTS directory;
  CREATE UNLOGGED TABLE IF NOT EXISTS directory.instances (
    id text PRIMARY KEY, hall text NOT NULL, announced jsonb NOT NULL, lease_until timestamptz NOT NULL
  )`

const renew = {
  name: 'directory_renew',
  text: `WITH renewed AS (
           INSERT INTO directory.instances (id, hall, announced, lease_until)
           SELECT $2::text, $1, $3::jsonb, now() + ${leaseMs} * interval '1 millisecond' WHERE $2::text IS NOT NULL
           ON CONFLICT (id) DO UPDATE SET announced = excluded.announced, lease_until = excluded.lease_until
         ), gone AS (DELETE FROM directory.instances WHERE lease_until < now() - interval '1 minute')
         SELECT announced FROM directory.instances WHERE hall = $1 AND lease_until > now() AND id IS DISTINCT FROM $2::text
         UNION ALL SELECT $3::jsonb WHERE $2::text IS NOT NULL`,
}

/** Opens the registry. `hall` tells halls apart that share a database. Throws a sentence where the database cannot be used. */
export async function openPostgresRegistry(url: string, hall: string): Promise<Registry> {
  const pool = new pg.Pool({
    connectionString: url,
    max: 1,
    application_name: 'markethall directory',
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    options: '-c synchronous_commit=off -c statement_timeout=5000',
  })
  pool.on('connect', surviveLoss)
  // The next heartbeat meets it, too.
  pool.on('error', () => undefined)
  try {
    await pool.query(create)
  } catch (error) {
    await pool.end()
    throw connectionFailure(error, { url, variable: 'QUEUE_DATABASE_URL' })
  }
  return {
    async renew(own) {
      const values = [hall, own?.id ?? null, own === undefined ? null : JSON.stringify(own)]
      const { rows } = await pool.query<{ announced: Announced }>({ ...renew, values })
      return rows.map(({ announced }) => announced)
    },
    async leave(id) {
      await pool.query('DELETE FROM directory.instances WHERE id = $1', [id])
    },
    close: () => pool.end(),
  }
}
