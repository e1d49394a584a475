/**
 * The hall of a chaos run as real processes on one database: two with the public face, two workers, the payment provider, and
 * a PostgreSQL and a Redis of its own behind lines that can break. Whatever ends is started again, as by an orchestrator.
 */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { acquirePostgres, removePostgres } from '#platform/data/embedded-postgres'
import { freePort, startRedis } from '#testing/cluster'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { Chance } from '../processes/chance.ts'
import { type Line, openLine } from './line.ts'
import { type Backend, type LineName, type ProgramName, programNames } from './plan.ts'
import { openPostOffice, type PostOffice } from './post-office.ts'
import { keepRunning, type Kept, signalTo } from './kept.ts'

export type StageOptions = {
  backend: Backend
  chance: Chance
  /** The source tree that is run: this one unless told. */
  root?: string
  say(line: string): void
}

export type Stage = AsyncDisposable & {
  programs: Record<ProgramName, Kept>
  lines: Partial<Record<LineName, Line>>
  postOffice: PostOffice
  /** Where the hall's public face is open now. */
  faces(): string[]
  ownerKey(): Promise<string>
  /** Rows, as the database's owner, straight from the server. */
  sql<Row extends pg.QueryResultRow = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>
  /** Where the provider is, without the line. */
  providerUrl: string
  /** False where it is down. */
  crashPostgres(): Promise<boolean>
  emptyRedis(): Promise<void>
  flushRedis(): Promise<void>
  moveClock(program: ProgramName, offsetMs: number): Promise<void>
}

const openAt = /^Markethall is open at (http:\/\/\S+)$/
const root = join(import.meta.dirname, '..', '..')

/** Sets everything up, and waits until both public faces and both workers are there. */
export async function openStage({ backend, chance, root: tree = root, say }: StageOptions): Promise<Stage> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'markethall-chaos-'))
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  // PostgreSQL's user, who is not root, must be able to enter.
  await chmod(folder, 0o755)
  const database = await openDatabase(folder, stack)
  const redis = backend === 'redis' ? await openRedis(folder, stack) : undefined
  const providerPort = await freePort()
  const lines = {
    postgres: stack.use(await openLine(Number(database.url.port))),
    provider: stack.use(await openLine(providerPort)),
    ...(redis && { redis: stack.use(await openLine(redis.port)) }),
  }
  const faces = new Map<ProgramName, string>()
  const postOffice = stack.use(await openPostOffice(() => [...faces.values()].at(-1), chance))
  const databaseUrl = new URL(database.url)
  databaseUrl.port = String(lines.postgres.port)
  const clockOf = (name: ProgramName) => join(folder, `${name}.clock`)
  const envOf = (name: ProgramName): Record<string, string> => ({
    PORT: '0',
    DATA_DIR: join(folder, 'hall'),
    DATABASE_URL: databaseUrl.href,
    DATABASE_CONNECTIONS: '40',
    PUBLIC_URL: postOffice.url,
    PAYMENTS_URL: `http://127.0.0.1:${lines.provider.port}`,
    PAYMENTS_WEBHOOK_SECRET: 'whsec_of_the_chaos',
    // A customer who waits for 30 seconds is to see the end of a purchase whose card hangs.
    PAYMENTS_TIMEOUT_MS: '1000',
    SAGA_LEASE_MS: '1000',
    LOG_LEVEL: 'warn',
    DEMO: 'off',
    NODE_OPTIONS: `--import=${join(tree, 'tests', 'chaos', 'moving-clock.ts')}`,
    CHAOS_CLOCK: clockOf(name),
    ...(lines.redis && { REDIS_URL: `redis://127.0.0.1:${lines.redis.port}` }),
  })
  const program = async (name: ProgramName): Promise<Kept> => {
    const { file, args, ready } = commandOf(name, { folder, providerPort })
    const kept = await keepRunning({
      name,
      start: { file: join(tree, file), args, env: envOf(name) },
      ready,
      say,
      onReady: ([, url]) => void (name.startsWith('api') && faces.set(name, url!)),
      onEnd: () => void faces.delete(name),
    })
    stack.use(kept)
    return kept
  }
  const provider = await program('provider')
  const api1 = await program('api-1')
  const others = await Promise.all(programNames.slice(1, 4).map(program))
  const owned = stack.move()
  return {
    programs: { 'api-1': api1, 'api-2': others[0]!, 'worker-1': others[1]!, 'worker-2': others[2]!, provider },
    lines,
    postOffice,
    faces: () => [...faces.values()],
    ownerKey: async () => (await readFile(join(folder, 'hall', 'owner.key'), 'utf8')).trim(),
    sql: async (text, values) => (await database.pool.query(text, values)).rows,
    providerUrl: `http://127.0.0.1:${providerPort}`,
    crashPostgres: database.crash,
    emptyRedis: async () => redis?.restart(),
    flushRedis: async () => void (await redis?.flush()),
    moveClock: (name, offsetMs) => writeFile(clockOf(name), String(offsetMs)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function commandOf(name: ProgramName, { folder, providerPort }: { folder: string; providerPort: number }) {
  if (name.startsWith('api')) return { file: 'src/main.ts', args: [], ready: openAt }
  if (name.startsWith('worker')) return { file: 'workers/main.ts', args: [], ready: /^Markethall's worker is ready/ }
  const books = ['--file', join(folder, 'provider.sqlite'), '--port', String(providerPort)]
  return {
    file: 'src/modules/payments/sandbox/main.ts',
    // Only the process dies, never the machine: what the operating system was given is kept.
    args: [...books, '--synchronous', 'off'],
    ready: /^The payment sandbox listens at/,
  }
}

/** A PostgreSQL with everything written durably: what was committed before a crash must be there after it. */
async function openDatabase(folder: string, stack: AsyncDisposableStack) {
  const dataDir = join(folder, 'database')
  const server = await acquirePostgres({ dataDir, maxConnections: 400 })
  stack.defer(async () => {
    await server.release()
    await removePostgres(dataDir)
  })
  const pool = new pg.Pool({ connectionString: server.url, max: 2 })
  pool.on('error', () => undefined)
  stack.defer(() => pool.end())
  return {
    url: new URL(server.url),
    pool,
    /** Immediate shutdown; it is started again by whoever acquired it. */
    async crash() {
      const { pid } = JSON.parse(await readFile(join(dataDir, 'postgres.json'), 'utf8')) as { pid: number }
      return signalTo(pid, 'SIGQUIT')
    },
  }
}

async function openRedis(folder: string, stack: AsyncDisposableStack) {
  let server = await startRedis(folder)
  if (server === undefined) throw new Error('There is no redis-server on this machine: run with --backend postgres.')
  const { url, port } = server
  const client = new Redis(url, { retryStrategy: () => 100, maxRetriesPerRequest: null })
  client.on('error', () => undefined)
  stack.defer(async () => {
    client.disconnect()
    await server?.close()
  })
  let restarting = Promise.resolve()
  return {
    port,
    flush: () => client.flushall(),
    restart: () =>
      (restarting = restarting.then(async () => {
        await server?.close()
        server = await startRedis(folder, port)
      })),
  }
}
