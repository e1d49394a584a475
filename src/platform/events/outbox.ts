/**
 * What a transaction announces and enqueues, gathered and written once, together with its last statements.
 *
 * The journal row is written in the business transaction, so that an event exists exactly if its cause does. Nothing is
 * notified here: NOTIFY inside the transaction halves its rate. The wake follows the commit; a timer covers a crash.
 */
import type { CallContext } from '../calls/context.ts'
import type { ModuleRuntime } from '../calls/operation.ts'
import type { Transaction } from '../data/database.ts'
import { type Announce, type EventDefinition, ownerOf, type SentJob } from './event.ts'
import type { Enqueue, JobDefinition } from './job.ts'

const insertEvents = {
  name: 'platform_insert_events',
  text: `INSERT INTO journal (id, name, key, version, fact, correlation, causation, actor)
         SELECT e.id, e.name, e.key, e.version, e.fact, $2, $3, $4::jsonb
         FROM jsonb_to_recordset($1::jsonb) AS e (id text, name text, key text, version bigint, fact jsonb)`,
}

const insertJobs = {
  name: 'platform_insert_jobs',
  text: `INSERT INTO jobs (id, name, payload, actor, correlation, causation, state, due_at)
         SELECT j.id, j.name, j.payload, $2::jsonb, $3, $4, 'waiting', clock_timestamp() + j."delayMs" * interval '1 ms'
         FROM jsonb_to_recordset($1::jsonb) AS j (id text, name text, payload jsonb, "delayMs" bigint)`,
}

type AnnouncedEvent = { id: string; name: string; key: string; version: number; fact: unknown }
type EnqueuedJob = { id: string; name: string; payload: unknown; delayMs: number }

export class Outbox {
  readonly #runtime: ModuleRuntime
  readonly #context: Pick<CallContext, 'actor' | 'requestId' | 'correlation'>
  readonly #causation: string | null
  readonly #events: AnnouncedEvent[] = []
  readonly #jobs: EnqueuedJob[] = []
  #also = { events: 0, jobs: 0 }
  /** Why it is done, in the words of who does it: the audit keeps them. */
  note: string | undefined

  constructor(
    runtime: ModuleRuntime,
    context: Pick<CallContext, 'actor' | 'requestId' | 'correlation'>,
    causation: string | null,
  ) {
    this.#runtime = runtime
    this.#context = context
    this.#causation = causation
  }

  readonly announce: Announce = (definition: EventDefinition, fact: unknown) => {
    const { name } = this.#runtime
    if (!definition.name.startsWith(`${name}.`))
      throw new Error(`${name} announced ${definition.name}, which is not its own.`)
    const checked = definition.fact.parse(fact)
    const event = {
      name: definition.name,
      key: definition.key(checked),
      version: definition.version(checked),
      fact: checked,
    }
    this.#events.push({ id: this.#newId('evt'), ...event })
  }

  readonly enqueue: Enqueue = (definition: JobDefinition, payload: unknown, options?: { delayMs?: number }) => {
    const { name } = definition
    const { name: module, sendsJobsTo } = this.#runtime
    const id = this.#newId('job')
    const sent: SentJob = { payload: definition.payload.parse(payload), delayMs: options?.delayMs ?? 0 }
    if (ownerOf(name) === module) {
      this.#jobs.push({ id, name, ...sent })
      return
    }
    if (!sendsJobsTo.includes(ownerOf(name)))
      throw new Error(`${module} enqueued ${name}, and the graph does not say that it sends jobs there.`)
    // A key of its own: sent jobs keep no order among each other, as other jobs keep none.
    this.#events.push({ id, name, key: id, version: 1, fact: sent })
  }

  /** Sends what was gathered, without waiting: it is committed with the rest or not at all. */
  flush({ client, trailing }: Transaction): void {
    const { actor, requestId, correlation = requestId } = this.#context
    if (this.#events.length > 0) {
      const values = [JSON.stringify(this.#events), correlation, this.#causation, JSON.stringify(actor)]
      trailing(client.query({ ...insertEvents, values }))
    }
    if (this.#jobs.length > 0) {
      const values = [JSON.stringify(this.#jobs), JSON.stringify(actor), correlation, this.#causation]
      trailing(client.query({ ...insertJobs, values }))
    }
  }

  /** How much was announced and enqueued. */
  get wrote(): { events: number; jobs: number } {
    return { events: this.#events.length, jobs: this.#jobs.length }
  }

  /** Counts in what else the same transaction wrote, so that it is carried after the commit, too. */
  alsoWakes({ events, jobs }: { events: number; jobs: number }): void {
    this.#also = { events: this.#also.events + events, jobs: this.#also.jobs + jobs }
  }

  /** Tells the process, after the commit, that there is something to carry. */
  wake(): void {
    const events = this.#events.length + this.#also.events
    const jobs = this.#jobs.length + this.#also.jobs
    if (events + jobs > 0) this.#runtime.committed({ events, jobs })
  }

  #newId(prefix: string): string {
    return this.#runtime.newId(prefix, { module: this.#runtime.name, requestId: this.#context.requestId })
  }
}
