/** BullMQ on PostgreSQL and on Redis, as the little that the carrier needs of either. */
import { setTimeout as delay } from 'node:timers/promises'
import { createPostgresBackend, Queue, runMigrations, Worker, withBackend } from 'bullmq'
import { Redis } from 'ioredis'
import pg from 'pg'
import { connectionFailure } from '../data/connection-failure.ts'
import { surviveLoss } from '../data/database.ts'
import { endsWithin } from './ends-within.ts'
import { type Outage, QueuesAway } from './queue-outage.ts'

export type WorkerLike = Pick<Worker, 'close' | 'on' | 'waitUntilReady'>
type Process = (job: { name: string; data: unknown }) => Promise<void>

export type Backend = {
  queue(name: string): Queue
  worker(name: string, process: Process): WorkerLike
  /** Whether it is known to be out of reach, so that nobody need wait to find out. */
  isAway(): boolean
  ping(): Promise<unknown>
  close(): Promise<void>
}

/** How many jobs of one module a process works at once: lanes run side by side, a lane's order is kept by its cursor. */
const concurrency = 4
const schema = 'bullmq'
const workerOptions = { concurrency, maxStalledCount: 10, lockDuration: 30_000 }
/** How long a start waits for Redis, and a command for its answer. */
const openMsMax = 2_000
const commandMsMax = 5_000
/** How long a queue on PostgreSQL that could not be reached is left alone. */
const tryAgainMs = 500

/** Queues on PostgreSQL. Throws where the database cannot be reached: its tables have to be there. */
export async function postgresBackend(
  url: string,
  { connections, outage }: { connections: number; outage: Outage },
): Promise<Backend> {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    // A queue carries and the database remembers: a commit that a crash of the server forgets costs latency only. Waiting
    // for the disk here would hold PostgreSQL's one lock on notifications all the while, and the disk from everybody else.
    options: `-c search_path=${schema} -c synchronous_commit=off`,
    application_name: 'markethall queues',
    keepAlive: true,
  })
  pool.on('error', (error) => outage.met(error))
  pool.on('connect', surviveLoss)
  // Each module's queue and worker listens for itself; Node takes more than ten for a leak.
  pool.setMaxListeners(0)
  // Where the modules' database serves the queues too, it was reached a moment ago.
  const client = await pool.connect().catch(async (error: unknown) => {
    await pool.end()
    throw connectionFailure(error, { url, variable: 'QUEUE_DATABASE_URL' })
  })
  try {
    await runMigrations(client, schema)
  } finally {
    client.release()
  }
  const bound = withBackend(createForgivingBackend)
  // BullMQ describes the little of pg that it needs by a type of its own, which pg's own types do not quite meet.
  const connection = pool as never
  return {
    queue: (name) => new bound.Queue(name, { connection }) as unknown as Queue,
    worker: (name, process) =>
      new bound.Worker(name, process, { connection, ...workerOptions }) as unknown as WorkerLike,
    isAway: () => false,
    ping: () => pool.query('SELECT 1'),
    close: () => pool.end(),
  }
}

/** A connection of BullMQ to PostgreSQL, as far as it is mended here. */
type Connection = { readyPromise: Promise<void> | undefined; waitUntilReady(): Promise<void> }

/**
 * BullMQ remembers for ever that a connection could not be used when it was first tried, such as by a worker that starts during an
 * outage: each later attempt fails at once, and the worker's loop keeps the whole process from anything else. Here it is
 * forgotten, and tried again after a pause.
 */
const createForgivingBackend: typeof createPostgresBackend = (...options) => {
  const backend = createPostgresBackend(...options)
  const { connection } = backend as unknown as { connection: Connection }
  const waitUntilReady = connection.waitUntilReady.bind(connection)
  connection.waitUntilReady = () =>
    waitUntilReady().catch(async (error: unknown) => {
      connection.readyPromise = undefined
      await delay(tryAgainMs)
      throw error
    })
  return backend
}

/** Queues on Redis. One that does not answer yet is waited for a moment, and then done without until it does. */
export async function redisBackend(
  url: string,
  { prefix, outage }: { prefix: string; outage: Outage },
): Promise<Backend> {
  const connections: Redis[] = []
  const connect = (options: { maxRetriesPerRequest: number | null; commandTimeout?: number }) => {
    const connection = new Redis(url, options)
    connection.on('error', (error) => outage.met(error))
    connections.push(connection)
    return connection
  }
  // A worker waits for Redis for ever; whoever adds a job is told soon, also by one that is silent.
  const shared = connect({ maxRetriesPerRequest: 1, commandTimeout: commandMsMax })
  shared.on('ready', () => outage.over())
  const isAway = () => shared.status !== 'ready'
  await endsWithin(shared.ping(), openMsMax)
  return {
    queue: (name) => new Queue(name, { connection: shared, prefix }),
    worker: (name, process) =>
      new Worker(name, process, { connection: connect({ maxRetriesPerRequest: null }), prefix, ...workerOptions }),
    isAway,
    ping: () => (isAway() ? Promise.reject(new QueuesAway()) : shared.ping()),
    close: async () => {
      for (const connection of connections) connection.disconnect()
    },
  }
}
