/**
 * What the tests of a run share: one PostgreSQL (fsync off) with a migrated template database, and a Redis where the
 * machine has one. Started by the tests themselves, on private ports; nothing that somebody else started is used.
 */
import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { acquirePostgres, removePostgres } from '#platform/data/embedded-postgres'
import { prepareDatabase } from '#platform/data/migrate'
import { openCarrier } from '#platform/events/queues'
import { createLog } from '#platform/log'
import { Redis } from 'ioredis'
import pg from 'pg'
import { hostable } from './hostable.ts'

export type Cluster = { databaseUrl: string; template: string; redisUrl: string | undefined }

/** The template's name is also the prefix of the roles, since a cloned database keeps the template's grants. */
const template = 'hall_template'

/** Starts the run's servers. `close` ends them, by process id. */
export async function startCluster(): Promise<Cluster & { close(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'markethall-tests-'))
  // The database's user, who is not root, must be able to enter.
  await chmod(dataDir, 0o755)
  const server = await acquirePostgres({ dataDir, fsync: false, maxConnections: 600 })
  const redis = await startRedis(dataDir)
  await makeTemplate(server.url)
  return {
    databaseUrl: server.url,
    template,
    redisUrl: redis?.url,
    async close() {
      await redis?.close()
      await server.release()
      // Some hundred databases with a thousand files each: Node removes them in two minutes, this in some seconds.
      await promisify(execFile)('rm', ['-rf', join(dataDir, 'postgres')])
      await removePostgres(dataDir)
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function makeTemplate(url: string): Promise<void> {
  const log = createLog({ level: 'warn', name: 'tests' })
  await withClient(url, (client) => client.query(`CREATE DATABASE ${template}`))
  const templateUrl = databaseUrlOf(url, template)
  await prepareDatabase({ url: templateUrl, modules: hostable, rolePrefix: template, log })
  const carrier = await openCarrier({
    redisUrl: undefined,
    databaseUrl: templateUrl,
    namespace: template,
    workers: 0,
    log,
  })
  await carrier.close()
}

/** Makes a database like the template, by copying its files, which costs less than writing them through the log. */
export async function cloneTemplate(
  cluster: Pick<Cluster, 'databaseUrl' | 'template'>,
  prefix: string,
): Promise<{ name: string; url: string }> {
  const name = `${prefix}_${randomBytes(6).toString('hex')}`
  await withClient(cluster.databaseUrl, (client) =>
    client.query(`CREATE DATABASE ${name} TEMPLATE ${cluster.template} STRATEGY FILE_COPY`),
  )
  return { name, url: databaseUrlOf(cluster.databaseUrl, name) }
}

/** Runs `work` on a connection of its own. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** The URL of another database of the same server. */
export function databaseUrlOf(url: string, database: string): string {
  const other = new URL(url)
  other.pathname = `/${database}`
  return other.href
}

/** A Redis on a private port, a new one unless told, or undefined where the machine has none. */
export async function startRedis(
  directory: string,
  given?: number,
): Promise<{ url: string; port: number; close(): Promise<void> } | undefined> {
  const port = given ?? (await freePort())
  const redis = spawn(
    'redis-server',
    ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', directory],
    {
      stdio: 'ignore',
    },
  )
  const exited = new Promise<void>((resolve) => redis.once('exit', () => resolve()))
  const started = await new Promise<boolean>((resolve) => {
    redis.once('error', () => resolve(false))
    redis.once('spawn', () => resolve(true))
  })
  if (!started) return undefined
  const url = `redis://127.0.0.1:${port}`
  const probe = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null })
  probe.on('error', () => undefined)
  await probe.ping()
  probe.disconnect()
  return {
    url,
    port,
    async close() {
      redis.kill('SIGTERM')
      await exited
    },
  }
}

/** So many different ports that nobody listens at now: one that is asked for twice may be given twice. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort())
  return [...ports]
}

/** A port that nobody listens at now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  if (address === null || typeof address === 'string') throw new Error('No free port was given.')
  return address.port
}
