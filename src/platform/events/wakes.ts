/**
 * Waking the workers of other processes after a commit, by PostgreSQL's NOTIFY: outside the transaction (within, it halves
 * the rate of commits) and gathered. A wake is a hurry only; what is not heard is found by the next sweep.
 */
import pg from 'pg'
import { surviveLoss } from '../data/database.ts'
import type { Log } from '../log.ts'
import type { Wrote } from './passes.ts'

const channel = 'markethall_wake'
/** The least time between two notifications of a module. */
const gatherMs = 20
const listenAgainMs = 1_000

/** Tells the workers elsewhere what a module has committed here. */
export class WakeSender {
  readonly #pool: Pick<pg.Pool, 'query'>
  readonly #module: string
  #wrote: Wrote = { events: 0, jobs: 0 }
  #timer: NodeJS.Timeout | undefined

  constructor({ module, pool }: { module: string; pool: Pick<pg.Pool, 'query'> }) {
    this.#module = module
    this.#pool = pool
  }

  /** The first goes at once; those that follow it closely go together. */
  tell({ events, jobs }: Wrote): void {
    this.#wrote = { events: this.#wrote.events + events, jobs: this.#wrote.jobs + jobs }
    if (this.#timer === undefined) this.#send()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #send(): void {
    const { events, jobs } = this.#wrote
    this.#wrote = { events: 0, jobs: 0 }
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#wrote.events + this.#wrote.jobs > 0) this.#send()
    }, gatherMs).unref()
    const text = { name: 'platform_wake', text: 'SELECT pg_notify($1, $2)' }
    // Where it fails, the database is away, and whoever committed is told so by their own next statement.
    this.#pool
      .query({ ...text, values: [channel, JSON.stringify({ module: this.#module, events, jobs })] })
      .catch(() => undefined)
  }
}

export type WakeListener = { close(): Promise<void> }

/** Hears, on a connection of its own, what other processes have committed in a database; again after it was lost. */
export function listenForWakes(options: {
  url: string
  heard(module: string, wrote: Wrote): void
  log: Log
}): WakeListener {
  const { url, heard, log } = options
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  const again = () => {
    if (isClosed || timer !== undefined) return
    timer = setTimeout(() => {
      timer = undefined
      opening = open()
    }, listenAgainMs).unref()
  }
  const open = async () => {
    const made = new pg.Client({ connectionString: url, application_name: 'markethall wakes', keepAlive: true })
    client = made
    surviveLoss(made)
    made.on('end', again)
    made.on('notification', ({ payload = '' }) => {
      const { module, ...wrote } = JSON.parse(payload) as Wrote & { module: string }
      heard(module, wrote)
    })
    try {
      await made.connect()
      await made.query(`LISTEN ${channel}`)
    } catch (error) {
      log.debug({ err: error }, 'what other processes commit cannot be heard; the sweeps find it')
      again()
    }
  }
  let opening = open()
  return {
    async close() {
      isClosed = true
      clearTimeout(timer)
      await opening
      await client?.end().catch(() => undefined)
    },
  }
}
