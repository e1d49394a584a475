/**
 * The hall of a chaos run as real processes on one database: those of its cast, the payment provider, and a PostgreSQL and a Redis
 * of its own; all behind lines that can break. Whatever ends is started again, as by an orchestrator.
 */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { acquirePostgres, removePostgres } from '#platform/data/embedded-postgres'
import { freePort, startRedis } from '#testing/cluster'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { Chance } from '../processes/chance.ts'
import { someAtOnce } from '../processes/program.ts'
import type { Cast, Member } from './cast.ts'
import { keepRunning, type Kept, signalTo } from './kept.ts'
import { type Line, openLine } from './line.ts'
import { openPlaces } from './places.ts'
import type { Backend } from './plan.ts'
import { openPostOffice, type PostOffice } from './post-office.ts'

export type StageOptions = {
  backend: Backend
  cast: Cast
  /** Whether processes call each other through lines. */
  hasLines: boolean
  chance: Chance
  /** The source tree that is run: this one unless told. */
  root?: string
  say(line: string): void
}

export type Stage = AsyncDisposable & {
  programs: Record<string, Kept>
  lines: Record<string, Line>
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
  moveClock(program: string, offsetMs: number): Promise<void>
}

const root = join(import.meta.dirname, '..', '..')
/** What all programs may open together, of the server's 400 connections. */
const connectionsMax = 320
/** A start is work for a processor: more at once would only wait for each other. */
const startedAtOnce = 4

const readyOf: Record<Member['kind'], RegExp> = {
  face: /^Markethall is open at (http:\/\/\S+)$/,
  process: /^Markethall's \S+ is ready at /,
  worker: /^Markethall's worker is ready/,
}

/** Sets everything up, and waits until all programs are there. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const { backend, cast, hasLines, chance, root: tree = root, say } = options
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'markethall-chaos-'))
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  // PostgreSQL's user, who is not root, must be able to enter.
  await chmod(folder, 0o755)
  const database = await openDatabase(folder, stack)
  const redis = backend === 'redis' ? await openRedis(folder, stack) : undefined
  const providerPort = await freePort()
  const places = await openPlaces({ cast, folder, hasLines }, stack)
  const outside = {
    postgres: stack.use(await openLine(Number(database.url.port))),
    provider: stack.use(await openLine(providerPort)),
    ...(redis && { redis: stack.use(await openLine(redis.port)) }),
  }
  const faces = new Map<string, string>()
  const postOffice = stack.use(await openPostOffice(() => [...faces.values()].at(-1), chance))
  const clockOf = (name: string) => join(folder, `${name}.clock`)
  const env = {
    ...settingsFor(database.url, outside),
    DATA_DIR: join(folder, 'hall'),
    DATABASE_CONNECTIONS: String(Math.min(40, Math.floor(connectionsMax / cast.members.length))),
    PUBLIC_URL: postOffice.url,
    NODE_OPTIONS: `--import=${join(tree, 'tests', 'chaos', 'moving-clock.ts')}`,
  }
  const programs: Record<string, Kept> = {}
  const keep = async (name: string, start: Start, ready: RegExp) => {
    programs[name] = await keepRunning({
      name,
      start: {
        file: join(tree, start.file),
        args: start.args,
        env: { ...env, CHAOS_CLOCK: clockOf(name), ...start.env },
      },
      ready,
      say,
      onReady: ([, url]) => void (url !== undefined && faces.set(name, url)),
      onEnd: () => void faces.delete(name),
    })
    stack.use(programs[name])
  }
  const keepMember = (member: Member) => {
    const file = member.kind === 'worker' ? 'workers/main.ts' : 'src/main.ts'
    return keep(member.name, { file, ...places.startOf(member) }, readyOf[member.kind])
  }
  await keep('provider', providerAt(providerPort, folder), /^The payment sandbox listens at/)
  const [first, ...others] = cast.members
  await keepMember(first!)
  await someAtOnce(startedAtOnce, others, keepMember)
  const owned = stack.move()
  return {
    programs,
    lines: { ...places.lines, ...outside },
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

/** What is the same in every run, and how all reach what is outside. */
function settingsFor(url: URL, { postgres, provider, redis }: Record<string, Line>): Record<string, string> {
  const databaseUrl = new URL(url)
  databaseUrl.port = String(postgres!.port)
  return {
    PORT: '0',
    DATABASE_URL: databaseUrl.href,
    ...(redis && { REDIS_URL: `redis://127.0.0.1:${redis.port}` }),
    PAYMENTS_URL: `http://127.0.0.1:${provider!.port}`,
    PAYMENTS_WEBHOOK_SECRET: 'whsec_of_the_chaos',
    // A customer who waits for 30 seconds is to see the end of a purchase whose card hangs.
    PAYMENTS_TIMEOUT_MS: '1000',
    SAGA_LEASE_MS: '1000',
    LOG_LEVEL: 'warn',
    DEMO: 'off',
  }
}

type Start = { file: string; args: readonly string[]; env: Record<string, string> }

const providerAt = (port: number, folder: string): Start => ({
  file: 'src/modules/payments/sandbox/main.ts',
  // Only the process dies, never the machine: what the operating system was given is kept.
  args: ['--file', join(folder, 'provider.sqlite'), '--port', String(port), '--synchronous', 'off'],
  env: {},
})

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
