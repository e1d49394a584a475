/** What a hall of real processes runs in: a database cloned from the run's template, a folder, a topology. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cloneTemplate, freePort } from '#testing/cluster'
import { type Charge, readCharges } from '#testing/invariants'
import pg from 'pg'
import { inject } from 'vitest'
import type { ModuleName } from '../../src/modules.ts'
import { startSandbox } from '../../src/modules/payments/sandbox/server.ts'
import { type Program, startProgram } from './program.ts'

export type Sql = <Row extends pg.QueryResultRow = Record<string, unknown>>(
  text: string,
  values?: unknown[],
) => Promise<Row[]>

export type OpenHall = Program & { url: string }

export type World = AsyncDisposable & {
  /** The settings of its processes. */
  env: Record<string, string>
  sql: Sql
  /** Starts the process with the public face, and waits until it is open. Without modules outside that is the whole hall. */
  startHall(env?: Record<string, string>): Promise<OpenHall>
  /** Starts that process and kills it after so many milliseconds, before or after it is open. */
  killStartingHall(afterMs: number): Promise<void>
  /** Starts the process of a module outside, and waits until it is ready. */
  startOutside(module: ModuleName): Promise<Program>
  /** Starts a worker, and waits until it is ready. */
  startWorker(args?: readonly string[], env?: Record<string, string>): Promise<Program>
  ownerKey(): Promise<string>
  /** What the payment provider says that it charged, by the key under which it was asked. */
  charges(): Promise<Charge[]>
}

const openLine = /^Markethall is open at (http:\/\/127\.0\.0\.1:\d+)$/

export type WorldOptions = {
  redisUrl?: string | undefined
  outside?: readonly ModuleName[]
  /** Where the payment provider is: a child of the hall that ends with it, or somewhere else. */
  provider?: 'child' | 'elsewhere'
}

/** Makes a world. Disposal ends the processes that still run in it, by their ids. */
export async function openWorld({ redisUrl, outside = [], provider = 'child' }: WorldOptions = {}): Promise<World> {
  const cluster = inject('cluster')
  const stack = new AsyncDisposableStack()
  const { url: databaseUrl } = await cloneTemplate(cluster, 'world')
  const dataDir = await mkdtemp(join(tmpdir(), 'markethall-world-'))
  // The sandbox of a killed hall may just be ending in it.
  stack.defer(() => rm(dataDir, { recursive: true, force: true, maxRetries: 5 }))
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 })
  stack.defer(() => pool.end())
  const sandbox =
    provider === 'child' ? undefined : await startSandbox({ port: 0, file: ':memory:', synchronous: 'off' })
  if (sandbox) stack.defer(() => sandbox.close())
  const env = {
    PORT: '0',
    DATA_DIR: dataDir,
    DATABASE_URL: databaseUrl,
    DATABASE_CONNECTIONS: '40',
    ROLE_PREFIX: cluster.template,
    SAGA_LEASE_MS: '1000',
    LOG_LEVEL: 'warn',
    DEMO: 'off',
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
    ...(sandbox && { PAYMENTS_URL: sandbox.url, PAYMENTS_WEBHOOK_SECRET: 'whsec_of_the_test' }),
  }
  const topology = outside.length === 0 ? undefined : await writeTopology(dataDir, outside)
  const start = (process: string, more: Record<string, string> = {}) => {
    const args = topology === undefined ? [] : ['--topology', topology, '--process', process]
    const program = startProgram('src/main.ts', args, { ...env, ...more })
    stack.defer(() => program.kill().then(() => undefined))
    return program
  }
  return {
    env,
    sql: async (text, values) => (await pool.query(text, values)).rows,
    async startHall(more) {
      const program = start('hall', more)
      const [, url] = await program.line(openLine)
      return { ...program, url: url! }
    },
    async killStartingHall(afterMs) {
      const program = start('hall')
      await delay(afterMs)
      await program.kill()
    },
    async startOutside(module) {
      const program = start(module)
      await program.line(/^Markethall's \S+ is ready at /)
      return program
    },
    async startWorker(args = [], more = {}) {
      const program = startProgram('workers/main.ts', args, { ...env, ...more })
      stack.defer(() => program.kill().then(() => undefined))
      await program.line(/^Markethall's worker is ready/)
      return program
    },
    ownerKey: async () => (await readFile(join(dataDir, 'owner.key'), 'utf8')).trim(),
    charges: () => (sandbox ? readCharges(sandbox.url) : chargesIn(join(dataDir, 'payments-sandbox.sqlite'))),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function writeTopology(dataDir: string, outside: readonly ModuleName[]): Promise<string> {
  const at = async () => `http://127.0.0.1:${await freePort()}`
  const processes: Record<string, object> = { hall: { modules: ['*'], url: await at(), gateway: true } }
  for (const module of outside) processes[module] = { modules: [module], url: await at() }
  const file = join(dataDir, 'topology.json')
  await writeFile(file, JSON.stringify({ processes }))
  return file
}

/** Reads the file of a sandbox, whose own process may have ended. */
async function chargesIn(file: string): Promise<Charge[]> {
  const sandbox = await startSandbox({ port: 0, file, synchronous: 'off' })
  try {
    return await readCharges(sandbox.url)
  } finally {
    await sandbox.close()
  }
}
