/** What a hall of real processes runs in: a database cloned from the run's template, a folder, a topology. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cloneTemplate } from '#testing/cluster'
import { type Charge, readCharges } from '#testing/invariants'
import pg from 'pg'
import { inject } from 'vitest'
import type { ModuleName } from '../../src/modules.ts'
import { startSandbox } from '../../src/modules/payments/sandbox/server.ts'
import { type Program, someAtOnce, startProgram } from './program.ts'
import { type TopologyOptions, type WrittenTopology, writeTopology } from './topology-file.ts'

export type Sql = <Row extends pg.QueryResultRow = Record<string, unknown>>(
  text: string,
  values?: unknown[],
) => Promise<Row[]>

export type OpenHall = Program & { url: string }

export type World = AsyncDisposable & {
  /** The settings of its processes. */
  env: Record<string, string>
  sql: Sql
  /** Undefined where there is one process. */
  topologyFile: string | undefined
  /** Starts all processes of the topology, and workers, which then do all background work; waits until all are ready. */
  startAll(workers?: number): Promise<OpenHall>
  /** The processes of the topology that were started, by name: of each the last. */
  started: ReadonlyMap<string, Program>
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

export type WorldOptions = TopologyOptions & {
  redisUrl?: string | undefined
  /** Where the payment provider is: a child of the hall that ends with it, or somewhere else. */
  provider?: 'child' | 'elsewhere'
  /** Further settings of its processes. */
  settings?: Record<string, string>
}

/** A start is work for a processor: more at once would only wait for each other. */
const startedAtOnce = 4

/** What all processes of a world may open together: several test files share the server. */
const connectionsMax = 240

/** Makes a world. Disposal ends the processes that still run in it, by their ids. */
export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const { redisUrl, provider = 'child' } = options
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
  const topology = await writeTopology(dataDir, options)
  const connections = Math.floor(connectionsMax / (topology.others.length + 1))
  const env = {
    PORT: '0',
    DATA_DIR: dataDir,
    DATABASE_URL: databaseUrl,
    DATABASE_CONNECTIONS: String(Math.min(40, connections)),
    ROLE_PREFIX: cluster.template,
    SAGA_LEASE_MS: '1000',
    LOG_LEVEL: 'warn',
    DEMO: 'off',
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
    ...(sandbox && { PAYMENTS_URL: sandbox.url, PAYMENTS_WEBHOOK_SECRET: 'whsec_of_the_test' }),
    ...options.settings,
  }
  return {
    env,
    topologyFile: topology.file,
    ...startersIn({ env, topology, stack }),
    sql: async (text, values) => (await pool.query(text, values)).rows,
    ownerKey: async () => (await readFile(join(dataDir, 'owner.key'), 'utf8')).trim(),
    charges: () => (sandbox ? readCharges(sandbox.url) : chargesIn(join(dataDir, 'payments-sandbox.sqlite'))),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

type Place = { env: Record<string, string>; topology: WrittenTopology; stack: AsyncDisposableStack }
type Starters = 'started' | 'startAll' | 'startHall' | 'startOutside' | 'startWorker' | 'killStartingHall'

/** What starts the processes of a world; those that still run when it is disposed of are killed then. */
function startersIn({ env, topology, stack }: Place): Pick<World, Starters> {
  const started = new Map<string, Program>()
  const run = (file: string, args: readonly string[], more: Record<string, string>) => {
    const program = startProgram(file, args, { ...env, ...more })
    stack.defer(() => program.kill().then(() => undefined))
    return program
  }
  const start = (process: string, more: Record<string, string> = {}) => {
    const args = topology.file === undefined ? [] : ['--topology', topology.file, '--process', process]
    const program = run('src/main.ts', args, more)
    started.set(process, program)
    return program
  }
  const startHall: World['startHall'] = async (more) => {
    const program = start(topology.gateway, more)
    const [, url] = await program.line(openLine)
    return { ...program, url: url! }
  }
  const startOutside = async (process: string, more?: Record<string, string>) => {
    const program = start(process, more)
    await program.line(/^Markethall's \S+ is ready at /)
    return program
  }
  const startWorker: World['startWorker'] = async (args = [], more = {}) => {
    const program = run('workers/main.ts', args, more)
    await program.line(/^Markethall's worker is ready/)
    return program
  }
  return {
    started,
    startHall,
    startOutside,
    startWorker,
    async startAll(workers = 0) {
      const how: Record<string, string> = workers === 0 ? {} : { WORKERS: 'off' }
      let hall: OpenHall | undefined
      const starts: (() => Promise<unknown>)[] = [
        ...topology.others.map(
          ({ process, port }) =>
            () =>
              startOutside(process, { ...how, INTERNAL_PORT: port }),
        ),
        ...Array.from({ length: workers }, () => () => startWorker()),
        async () => (hall = await startHall(how)),
      ]
      await someAtOnce(startedAtOnce, starts, (begin) => begin())
      return hall!
    },
    async killStartingHall(afterMs) {
      const program = start(topology.gateway)
      await delay(afterMs)
      await program.kill()
    },
  }
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
