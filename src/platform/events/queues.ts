/**
 * The queues: BullMQ on PostgreSQL by default, on Redis where `REDIS_URL` says so. They carry; the database remembers,
 * so a queue that is wiped costs latency and nothing else.
 *
 * One queue per consuming module. On PostgreSQL all queues of a process share one pool; each worker pins one of its
 * connections for LISTEN.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { createPostgresBackend, Queue, runMigrations, Worker, withBackend } from 'bullmq'
import { Redis } from 'ioredis'
import pg from 'pg'
import { surviveLoss } from '../data/database.ts'
import { connectionFailure } from '../data/connection-failure.ts'
import type { Log } from '../log.ts'

/** What the platform needs of a queue. Nothing else of BullMQ is used elsewhere. */
export type Carrier = {
  /** Adds jobs to a module's queue. A job with an id that is still queued is not added again. */
  add(module: string, jobs: readonly CarriedJob[]): Promise<void>
  /** Works a module's queue. */
  work(module: string, handle: (name: string, data: unknown) => Promise<void>): Promise<void>
  /** Throws where the queues cannot be reached. */
  ping(): Promise<void>
  close(): Promise<void>
}

export type CarriedJob = { name: string; data: unknown; id?: string; delayMs?: number }

type QueueLike = Pick<Queue, 'add' | 'addBulk' | 'close' | 'on'>
type WorkerLike = Pick<Worker, 'close' | 'on' | 'waitUntilReady'>
type Process = (job: { name: string; data: unknown }) => Promise<void>

type Backend = {
  queue(name: string): QueueLike
  worker(name: string, process: Process): WorkerLike
  ping(): Promise<unknown>
  close(): Promise<void>
}

/** How many jobs of one module a process works at once: lanes run side by side, a lane's order is kept by its cursor. */
const concurrency = 4
const sharedConnections = 4
/** How long closing waits for jobs that are under way, and then for queues that do not answer. */
const drainMsMax = 15_000
const leaveMsMax = 2_000
/** On PostgreSQL a bulk costs two temporary tables, which is more than this many jobs added one by one. */
const fewJobs = 16
const schema = 'bullmq'
const workerOptions = { concurrency, maxStalledCount: 10, lockDuration: 30_000 }

/** Opens the carrier on Redis or PostgreSQL. `namespace` tells halls apart that share a Redis. */
export async function openCarrier(options: {
  redisUrl: string | undefined
  databaseUrl: string
  namespace: string
  workers: number
  log: Log
}): Promise<Carrier> {
  const { redisUrl, databaseUrl, namespace, workers, log } = options
  const backend =
    redisUrl === undefined
      ? await postgresBackend(databaseUrl, { connections: sharedConnections + workers, log })
      : redisBackend(redisUrl, { prefix: `markethall:${namespace}`, log })
  return carrierOn(backend, log)
}

async function postgresBackend(url: string, { connections, log }: { connections: number; log: Log }): Promise<Backend> {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    // A queue carries and the database remembers: a commit that a crash of the server forgets costs latency only. Waiting
    // for the disk here would hold PostgreSQL's one lock on notifications all the while, and the disk from everybody else.
    options: `-c search_path=${schema} -c synchronous_commit=off`,
    application_name: 'markethall queues',
    keepAlive: true,
  })
  pool.on('error', (error) => log.warn({ err: error }, 'an idle queue connection was lost'))
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
  const bound = withBackend(createPostgresBackend)
  // BullMQ describes the little of pg that it needs by a type of its own, which pg's own types do not quite meet.
  const connection = pool as never
  return {
    queue: (name) => new bound.Queue(name, { connection }) as unknown as QueueLike,
    worker: (name, process) =>
      new bound.Worker(name, process, { connection, ...workerOptions }) as unknown as WorkerLike,
    ping: () => pool.query('SELECT 1'),
    close: () => pool.end(),
  }
}

function redisBackend(url: string, { prefix, log }: { prefix: string; log: Log }): Backend {
  const connections: Redis[] = []
  const connect = (options: { blocking: boolean }) => {
    // A worker waits for Redis for ever; whoever adds a job is told soon, and the sweep carries it later.
    const connection = new Redis(
      url,
      options.blocking ? { maxRetriesPerRequest: null } : { maxRetriesPerRequest: 1, enableOfflineQueue: true },
    )
    connection.on('error', (error) => log.warn({ err: error }, 'redis cannot be reached'))
    connections.push(connection)
    return connection
  }
  const shared = connect({ blocking: false })
  return {
    queue: (name) => new Queue(name, { connection: shared, prefix }),
    worker: (name, process) =>
      new Worker(name, process, { connection: connect({ blocking: true }), prefix, ...workerOptions }),
    ping: () => shared.ping(),
    close: async () => {
      for (const connection of connections) connection.disconnect()
    },
  }
}

/** Whether the work ends in time; one that fails has ended too. */
async function endsWithin(work: Promise<unknown>, msMax: number): Promise<boolean> {
  const tooLate = new AbortController()
  const ended = work.then(
    () => true,
    () => true,
  )
  const isEnded = await Promise.race([ended, delay(msMax, false, { signal: tooLate.signal }).catch(() => false)])
  tooLate.abort()
  return isEnded
}

function carrierOn(backend: Backend, log: Log): Carrier {
  const queues = new Map<string, QueueLike>()
  const workers: WorkerLike[] = []
  const queueOf = (module: string): QueueLike => {
    const known = queues.get(module)
    if (known) return known
    const queue = backend.queue(module)
    queue.on('error', (error) => log.warn({ err: error, queue: module }, 'a queue failed'))
    queues.set(module, queue)
    return queue
  }
  return {
    async add(module, jobs) {
      const bulk = jobs.map(({ name, data, id, delayMs }) => ({
        name,
        data,
        opts: {
          removeOnComplete: true,
          removeOnFail: true,
          ...(id === undefined ? {} : { jobId: id }),
          ...(delayMs === undefined ? {} : { delay: delayMs }),
        },
      }))
      const queue = queueOf(module)
      if (bulk.length > fewJobs) await queue.addBulk(bulk)
      else await Promise.all(bulk.map(({ name, data, opts }) => queue.add(name, data, opts)))
    },
    async work(module, handle) {
      const worker = backend.worker(module, (job) => handle(job.name, job.data))
      worker.on('error', (error) => log.warn({ err: error, queue: module }, 'a queue worker failed'))
      workers.push(worker)
      await worker.waitUntilReady()
    },
    async ping() {
      await backend.ping()
    },
    async close() {
      const drained = Promise.all(workers.map((worker) => worker.close()))
      if (!(await endsWithin(drained, drainMsMax))) {
        // A queue that is gone never answers. What its jobs did is in the database, and will be found there.
        log.warn({}, 'the queues did not end in time and are left')
        await endsWithin(Promise.all(workers.map((worker) => worker.close(true))), leaveMsMax)
      }
      await endsWithin(Promise.all([...queues.values()].map((queue) => queue.close())), leaveMsMax)
      await backend.close()
    },
  }
}
