/**
 * The queues: BullMQ on PostgreSQL by default, on Redis where `REDIS_URL` says so. They carry; the database remembers,
 * so a queue that is wiped, or away, costs latency and nothing else.
 *
 * One queue per consuming module. On PostgreSQL all queues of a process share one pool; each worker pins one of its
 * connections for LISTEN.
 */
import { isConnectionLoss } from '../data/database.ts'
import type { Log } from '../log.ts'
import { endsWithin } from './ends-within.ts'
import type { Queue } from 'bullmq'
import { type Backend, postgresBackend, redisBackend, type WorkerLike } from './queue-backends.ts'
import { Outage, QueuesAway } from './queue-outage.ts'

/** What the platform needs of a queue. Nothing else of BullMQ is used elsewhere. */
export type Carrier = {
  /** Adds jobs to a module's queue. A job with an id that is still queued is not added again. Throws `QueuesAway` where they are. */
  add(module: string, jobs: readonly CarriedJob[]): Promise<void>
  /** Works a module's queue, as soon as it can be reached. */
  work(module: string, handle: (name: string, data: unknown) => Promise<void>): Promise<void>
  /** Throws where the queues cannot be reached. */
  ping(): Promise<void>
  close(): Promise<void>
}

export type CarriedJob = { name: string; data: unknown; id?: string; delayMs?: number }

const sharedConnections = 4
/** How long closing waits for jobs that are under way, and then for queues that do not answer. */
const drainMsMax = 15_000
const leaveMsMax = 2_000
/** How long a worker that cannot begin holds up the start. */
const beginMsMax = 5_000
/** On PostgreSQL a bulk costs two temporary tables, which is more than this many jobs added one by one. */
const fewJobs = 16

type BackendOptions = {
  redisUrl: string | undefined
  /** Where there is no Redis. */
  databaseUrl: string | undefined
  namespace: string
  log: Log
}

/** Opens the carrier on Redis or PostgreSQL. `namespace` tells halls apart that share a Redis. */
export async function openCarrier({ workers, ...options }: BackendOptions & { workers: number }): Promise<Carrier> {
  const { backend, outage } = await openBackend({ ...options, connections: sharedConnections + workers })
  return carrierOn(backend, { log: options.log, outage })
}

/** Opens the queues on Redis or PostgreSQL, there with so many connections. */
export async function openBackend(
  options: BackendOptions & { connections: number },
): Promise<{ backend: Backend; outage: Outage }> {
  const { redisUrl, databaseUrl, namespace, connections, log } = options
  const url = (redisUrl ?? databaseUrl)!
  const outage = new Outage(log, adviceFor(redisUrl === undefined ? 'the database of the queues' : 'Redis', url))
  const backend =
    redisUrl === undefined
      ? await postgresBackend(url, { connections, outage })
      : await redisBackend(url, { prefix: `markethall:${namespace}`, outage })
  return { backend, outage }
}

/** How ioredis says that a command had no answer. */
const isRedisSilent = (error: unknown): boolean =>
  error instanceof Error && /^Command timed out|max retries per request|^Connection is closed/.test(error.message)

function adviceFor(what: string, url: string): string {
  return `See that ${what} at ${new URL(url).host} runs.`
}

function carrierOn(backend: Backend, { log, outage }: { log: Log; outage: Outage }): Carrier {
  const queues = new Map<string, Queue>()
  const workers: WorkerLike[] = []
  const isOutage = (error: unknown) => backend.isAway() || isConnectionLoss(error) || isRedisSilent(error)
  const tell = (error: Error, queue: string) =>
    isOutage(error) ? outage.met(error) : log.warn({ err: error, queue }, 'a queue failed')
  const queueOf = (module: string): Queue => {
    const known = queues.get(module)
    if (known) return known
    const queue = backend.queue(module)
    queue.on('error', (error) => tell(error, module))
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
      // BullMQ itself would wait until they are back.
      if (backend.isAway()) throw new QueuesAway()
      const queue = queueOf(module)
      try {
        if (bulk.length > fewJobs) await queue.addBulk(bulk)
        else await Promise.all(bulk.map(({ name, data, opts }) => queue.add(name, data, opts)))
        outage.over()
      } catch (error) {
        if (!isOutage(error)) throw error
        outage.met(error)
        throw new QueuesAway(error)
      }
    },
    async work(module, handle) {
      const worker = backend.worker(module, (job) => handle(job.name, job.data))
      worker.on('error', (error) => tell(error, module))
      workers.push(worker)
      const begun = worker.waitUntilReady()
      if (backend.isAway()) begun.catch((error: Error) => tell(error, module))
      else await endsWithin(begun, beginMsMax)
    },
    async ping() {
      await backend.ping()
    },
    async close() {
      const drained = Promise.all(workers.map((worker) => worker.close()))
      // Where they are away nobody can be told that a job is done, and closing waits for that in vain.
      if (!(await endsWithin(drained, backend.isAway() ? leaveMsMax : drainMsMax))) {
        // A queue that is gone never answers. What its jobs did is in the database, and will be found there.
        log.warn({}, 'the queues did not end in time and are left')
        await endsWithin(Promise.all(workers.map((worker) => worker.close(true))), leaveMsMax)
      }
      await endsWithin(Promise.all([...queues.values()].map((queue) => queue.close())), leaveMsMax)
      await backend.close()
    },
  }
}
