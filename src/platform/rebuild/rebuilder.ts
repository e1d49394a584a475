/**
 * The rebuilds of one module in one process. A rebuild is a row that somebody has written; whoever works the module's queues finds
 * it, and does it beside everything else: one process at a time, and another one from where that one ended, for the copy's cursors
 * are committed with what they have passed.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { ModuleRuntime } from '../calls/operation.ts'
import { isTransient, sqlStateOf } from '../data/database.ts'
import { unlessBusy } from '../data/session-lock.ts'
import { dropTwin } from '../data/twin-schema.ts'
import type { Listening } from '../events/apply.ts'
import type { JournalReader } from '../events/follower.ts'
import { TooFarBehind } from './at-one-place.ts'
import { catchUp, type Positions, positionsIn, progressOf, type Rebuilding } from './catch-up.ts'
import { compare } from './compare.ts'
import { type Copy, isHopeless, openCopy, RebuildEnded } from './copy.ts'
import { endRebuild, lockRebuild, openRebuild, type OpenRebuild, tellProgress } from './rebuild-rows.ts'
import { swap } from './swap.ts'

export type RebuilderOptions = {
  runtime: ModuleRuntime
  listening: ReadonlyMap<string, Listening>
  sources: readonly string[]
  reader: JournalReader
  stopping: AbortSignal
  /** Told of what is tried again with the next sweep. */
  tellFailed(error: unknown, message: string): void
  batchMax?: number
}

/** So few of a lane share a transaction that the live listener is hardly held up by it. */
const batchMaxDefault = 250
/** So little has come in meanwhile that all may wait until it is applied. */
const closeMax = 200
const progressMs = 1_000
const pauseMs = { first: 500, max: 30_000 }
/** How long one is tried that gets no further, before it is given up. */
const failingMsMax = 10 * 60_000

export class Rebuilder {
  readonly #options: RebuilderOptions
  #working: Promise<unknown> | undefined
  #failingSince: number | undefined
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(options: RebuilderOptions) {
    this.#options = options
  }

  /** Takes up the rebuild that runs, unless there is none, or another process is at it. Does not wait for its end. */
  async look(): Promise<void> {
    if (this.#working) return
    const open = await openRebuild(this.#options.runtime.database.pool)
    if (!open) return
    this.#working = this.#work(open)
      .catch((error: unknown) => this.#options.tellFailed(error, 'a rebuild was interrupted; the next sweep goes on'))
      .finally(() => (this.#working = undefined))
  }

  /** Until the one under way has ended, or was left. */
  async ended(): Promise<void> {
    await this.#working
  }

  /** Does the rebuild that runs to its end, and returns how many that were. */
  async round(): Promise<number> {
    const open = await openRebuild(this.#options.runtime.database.pool)
    return open && (await this.#work(open)) ? 1 : 0
  }

  #work(open: OpenRebuild): Promise<boolean> {
    const { database, name } = this.#options.runtime
    return unlessBusy(database, `rebuild\n${name}`, () => this.#run(open))
  }

  async #run(open: OpenRebuild): Promise<void> {
    const { runtime, stopping } = this.#options
    let copy: Copy | undefined
    try {
      copy = await openCopy(runtime, open.id, stopping)
      await this.#finish(open, copy)
      runtime.log.info({ rebuild: open.id, dryRun: open.isDryRun }, 'a rebuild has ended')
    } catch (error) {
      if (error instanceof RebuildEnded || stopping.aborted) return
      this.#failingSince ??= performance.now()
      const isFinal = isHopeless(error) || performance.now() - this.#failingSince > failingMsMax
      if (!isFinal) throw error
      await this.#fail(open, error as Error)
    } finally {
      await copy?.close()
    }
    this.#failingSince = undefined
  }

  /** Follows until little is left, and ends with it; again where something stands in the way of that. */
  async #finish({ id, isDryRun }: OpenRebuild, copy: Copy): Promise<void> {
    const { runtime: live, stopping, batchMax = batchMaxDefault, ...options } = this.#options
    const rebuilding: Rebuilding = { ...options, id, live, copy, stopping, batchMax }
    for (let pause = pauseMs.first; ; pause = Math.min(pause * 2, pauseMs.max)) {
      await this.#follow(rebuilding)
      try {
        return await (isDryRun ? compare(rebuilding) : swap(rebuilding))
      } catch (error) {
        if (!mayComeLater(error)) throw error
        live.log.debug({ err: error, rebuild: id }, 'the copy cannot take its place yet')
        await delay(pause, undefined, { signal: stopping })
      }
    }
  }

  async #follow(rebuilding: Rebuilding): Promise<void> {
    const { live, sources } = rebuilding
    for (let left = Number.POSITIVE_INFINITY; left > closeMax;) {
      const to = await positionsIn(live.database.pool, sources)
      await this.#tell(rebuilding, to)
      await catchUp(rebuilding, to, () => {
        this.#failingSince = undefined
        return performance.now() - this.#toldAt < progressMs ? undefined : this.#tell(rebuilding, to)
      })
      left = await this.#tell(rebuilding, await positionsIn(live.database.pool, sources))
    }
  }

  /** Writes down how far it is, and returns how many events are left. */
  async #tell({ id, live, copy, sources }: Rebuilding, to: Positions): Promise<number> {
    const progress = progressOf(await positionsIn(copy.runtime.database.pool, sources), to)
    this.#toldAt = performance.now()
    if (!(await tellProgress(live.database.pool, id, progress))) throw new RebuildEnded()
    return progress.total - progress.applied
  }

  async #fail({ id }: OpenRebuild, error: Error): Promise<void> {
    const { database, name, log } = this.#options.runtime
    log.error({ err: error, rebuild: id }, 'a rebuild has failed')
    const wasOpen = await database.transaction(async ({ client }) => {
      const isOpen = await lockRebuild(client, id)
      if (isOpen) await endRebuild(client, id, { state: 'failed', failure: sentencesOf(error) })
      return isOpen
    })
    if (!wasOpen) return
    // What is left here is dropped by the next rebuild.
    await database
      .transaction(async ({ client }) => {
        await client.query('SET LOCAL ROLE NONE')
        await dropTwin(client, name)
      })
      .catch((left: unknown) =>
        log.warn({ err: left, rebuild: id }, 'the copy of a failed rebuild could not be dropped'),
      )
  }
}

/** What the root of an error says; PostgreSQL has more to tell than its message. */
function sentencesOf(error: Error): string {
  if (error.cause instanceof Error) return sentencesOf(error.cause)
  const { detail } = error as { detail?: unknown }
  return typeof detail === 'string' ? `${error.message} (${detail})` : error.message
}

/** Somebody has the tables, or too much came in between. */
const mayComeLater = (error: unknown): boolean =>
  error instanceof TooFarBehind || isTransient(error) || sqlStateOf(error) === '55P03'
