/**
 * The background work of a process: a worker per module, the queues that carry, and the waking. What a process commits and
 * does not work off itself, it tells those that do.
 */
import { allDuties } from '../events/duties.ts'
import { ModuleWorker, type Round } from '../events/module-worker.ts'
import type { Wrote } from '../events/passes.ts'
import { type Carrier, openCarrier } from '../events/queues.ts'
import { listenForWakes, WakeSender } from '../events/wakes.ts'
import type { ProcessOptions } from './open-process.ts'
import { type Hosted, sourcesOf } from './runtimes.ts'

type Hosting = { options: ProcessOptions; hosted: ReadonlyMap<string, Hosted> }

export type Workers = {
  /** The queues, where any are reached from here. */
  carrier: Carrier | undefined
  /** After a commit of a module here that announced or enqueued. */
  committed(module: string, wrote: Wrote): void
}

type WorkersOptions = Hosting & {
  databases: { urlOf(module: string): string; queueUrl: string | undefined }
  /** Tells halls apart that share a Redis. */
  namespace: string
}

/** Starts the background work that is done here. */
export async function openWorkers(options: WorkersOptions, closers: (() => Promise<unknown>)[]): Promise<Workers> {
  const { hosted, options: process } = options
  const { duties, works = [...hosted.keys()] } = process
  const worked = new Map([...hosted].filter(([module]) => works.includes(module)))
  const senders = new Map<string, WakeSender>()
  for (const [module, { runtime }] of hosted) {
    if (duties.has('events') && duties.has('queues') && worked.has(module)) continue
    senders.set(module, new WakeSender({ module, pool: runtime.database.pool }))
  }
  closers.push(async () => senders.forEach((sender) => sender.stop()))
  const { carrier, workers } =
    duties.size > 0 && worked.size > 0 ? await startWorkers({ ...options, worked }, closers) : nobody
  return {
    carrier,
    committed(module, wrote) {
      workers.get(module)?.wake(wrote)
      senders.get(module)?.tell(wrote)
    },
  }
}

const nobody = { carrier: undefined, workers: new Map<string, ModuleWorker>() }

async function startWorkers(
  { options, hosted, worked, databases, namespace }: WorkersOptions & { worked: ReadonlyMap<string, Hosted> },
  closers: (() => Promise<unknown>)[],
): Promise<{ carrier: Carrier; workers: ReadonlyMap<string, ModuleWorker> }> {
  const { config, log, duties } = options
  const carrier = await openCarrier({
    redisUrl: config.redisUrl,
    databaseUrl: databases.queueUrl,
    namespace,
    workers: duties.has('queues') ? worked.size : 0,
    log,
  })
  closers.push(() => carrier.close())
  const workers = createWorkers({ options, hosted, worked }, carrier)
  for (const worker of workers.values()) {
    closers.push(() => worker.stop())
    await worker.start()
  }
  for (const url of new Set([...worked.keys()].map((module) => databases.urlOf(module)))) {
    const listener = listenForWakes({ url, heard: (module, wrote) => workers.get(module)?.wake(wrote), log })
    closers.push(() => listener.close())
  }
  return { carrier, workers }
}

function createWorkers(
  { options, hosted, worked }: Hosting & { worked: ReadonlyMap<string, Hosted> },
  carrier: Carrier,
): Map<string, ModuleWorker> {
  const { definition, duties } = options
  const { graph } = definition
  const workers: Map<string, ModuleWorker> = new Map(
    [...worked].map(([module, { runtime, assembly, reader }]) => {
      const listenedBy = Object.keys(graph)
        .filter((other) => other !== 'gateway' && sourcesOf(graph, other).includes(module))
        .map((other) => ({
          module: other,
          reactsTo: reactionsOf(hosted.get(other), module),
          near: () => (duties.has('queues') ? workers.get(other) : undefined),
        }))
      return [
        module,
        new ModuleWorker({
          runtime,
          assembly,
          reader,
          carrier,
          sources: sourcesOf(graph, module),
          listenedBy,
          duties,
          sweeps: options.sweeps ?? true,
        }),
      ]
    }),
  )
  return workers
}

/** The events of a source that a module reacts to, by name; undefined where the module lives elsewhere. */
function reactionsOf(listener: Hosted | undefined, source: string): ReadonlySet<string> | undefined {
  if (listener === undefined) return undefined
  const ofSource = (listener.assembly.listeners ?? []).filter((each) => each.source === source)
  return new Set(ofSource.map(({ event }) => event.name))
}

/** Rounds of all background work of the modules here, without queues: nothing is pushed, everything is pulled. */
export function roundsFor({ options, hosted }: Hosting): (how: { resumeSagas: boolean }) => Promise<Round> {
  const workers = createWorkers(
    { options: { ...options, duties: allDuties }, hosted, worked: hosted },
    {
      add: () => Promise.resolve(),
      work: () => Promise.resolve(),
      ping: () => Promise.resolve(),
      close: () => Promise.resolve(),
    },
  )
  return async (how) => {
    const sum: Round = { sequenced: 0, applied: 0, jobs: 0, sagas: 0, rebuilds: 0 }
    for (const worker of workers.values()) {
      const round = await worker.round(how)
      for (const name of Object.keys(sum) as (keyof Round)[]) sum[name] += round[name]
    }
    return sum
  }
}
