/**
 * What most programs do instead: one BullMQ job per event and listener, added after the commit. A crash in between loses
 * the event, nothing keeps a key's order, and a job that runs twice is caught by its row's key.
 */
import { createPostgresBackend, Queue, runMigrations, Worker, withBackend } from 'bullmq'
import { randomUUIDv7 } from 'node:crypto'
import pg from 'pg'
import { Redis } from 'ioredis'
import { inputOf, LISTENERS, ANNOUNCER } from './stalls.ts'

type Options = { databaseUrl: string; redisUrl: string | undefined }

const CONCURRENCY = 16
const CONNECTIONS = 20
const schema = 'bullmq'

async function backendOf({ databaseUrl, redisUrl }: Options) {
  if (redisUrl !== undefined) {
    const connection = new Redis(redisUrl, { maxRetriesPerRequest: null })
    return {
      queue: (name: string) => new Queue(name, { connection }),
      worker: (name: string, work: (job: { data: unknown }) => Promise<void>) =>
        new Worker(name, work, { connection: connection.duplicate(), concurrency: CONCURRENCY }),
      close: async () => connection.disconnect(),
    }
  }
  const options = `-c search_path=${schema} -c synchronous_commit=off`
  const pool = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS, options })
  pool.setMaxListeners(0)
  const client = await pool.connect()
  await runMigrations(client, schema).finally(() => client.release())
  const bound = withBackend(createPostgresBackend)
  const connection = pool as never
  return {
    queue: (name: string) => new bound.Queue(name, { connection }) as unknown as Queue,
    worker: (name: string, work: (job: { data: unknown }) => Promise<void>) =>
      new bound.Worker(name, work, { connection, concurrency: CONCURRENCY }) as unknown as Worker,
    close: () => pool.end(),
  }
}

const nameOf = (listener: string) => `plain-${listener}`
const insertInto = (module: string) => ({
  name: `plain_${module}`,
  text: `INSERT INTO ${module}.bench_written (id, note) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
})

/** Commits a row, and adds a job for each listener. */
export async function openPlainQueue(options: Options) {
  const backend = await backendOf(options)
  const pool = new pg.Pool({ connectionString: options.databaseUrl, max: CONNECTIONS })
  const queues = LISTENERS.map((listener) => backend.queue(nameOf(listener)))
  return {
    async announce() {
      const fact = inputOf(`ord_${randomUUIDv7()}`)
      await pool.query({ ...insertInto(ANNOUNCER), values: [fact.id, fact.customer] })
      const jobOptions = { removeOnComplete: true, removeOnFail: true }
      await Promise.all(queues.map((queue) => queue.add('happened', fact, jobOptions)))
    },
    async close() {
      for (const queue of queues) await queue.close()
      await backend.close()
      await pool.end()
    },
  }
}

/** Works the listeners' queues: a row per job. */
export async function workPlainQueues(options: Options) {
  const backend = await backendOf(options)
  const pool = new pg.Pool({ connectionString: options.databaseUrl, max: CONNECTIONS })
  const workers = LISTENERS.map((listener) =>
    backend.worker(nameOf(listener), async ({ data }) => {
      const { id, customer } = data as ReturnType<typeof inputOf>
      await pool.query({ ...insertInto(listener), values: [id, customer] })
    }),
  )
  await Promise.all(workers.map((worker) => worker.waitUntilReady()))
  return {
    async close() {
      await Promise.all(workers.map((worker) => worker.close()))
      await backend.close()
      await pool.end()
    },
  }
}
