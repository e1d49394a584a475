/**
 * Doing what repeats: at most once in its period over all processes, and in one of them at a time.
 *
 * A row per schedule says when it last began, by the database's clock, and whoever moves it has the turn. Processes ask only when
 * it may be due, so that many of them cost an idle hall nothing.
 */
import { JobContext } from '../calls/contexts.ts'
import type { CallContext } from '../calls/context.ts'
import type { ModuleRuntime } from '../calls/operation.ts'
import { unlessBusy } from '../data/session-lock.ts'
import type { Schedule } from './job.ts'

const claim = {
  name: 'platform_schedule_claim',
  // A beginning in the future was written before the clock was set back.
  text: `WITH begun AS (
           INSERT INTO schedules AS s (name, begun_at) VALUES ($1, clock_timestamp())
           ON CONFLICT (name) DO UPDATE SET begun_at = clock_timestamp()
           WHERE abs(extract(epoch FROM clock_timestamp() - s.begun_at)) * 1000 >= $2::bigint RETURNING 1)
         SELECT EXISTS (SELECT FROM begun) AS "isOurs",
                (SELECT $2::bigint - extract(epoch FROM clock_timestamp() - begun_at) * 1000
                 FROM schedules WHERE name = $1)::float8 AS "leftMs"`,
}

/** What is due for long is looked at soon after a start, not at once: a process that starts has enough to do. */
const firstLookMsMax = 60_000

/** A schedule as one process knows it: when to look again whether it is due. */
export class Recurring {
  readonly #runtime: ModuleRuntime
  readonly #schedule: Schedule
  #lookAt: number

  constructor(runtime: ModuleRuntime, schedule: Schedule) {
    this.#runtime = runtime
    this.#schedule = schedule
    this.#lookAt = performance.now() + Math.min(schedule.everyMs, firstLookMsMax)
  }

  async runIfDue(contextFor: (schedule: string) => CallContext): Promise<void> {
    if (performance.now() < this.#lookAt) return
    const { name, everyMs } = this.#schedule
    const { isOurs, leftMs } = await beginSchedule(this.#runtime, this.#schedule)
    this.#lookAt = performance.now() + (isOurs ? everyMs : leftMs)
    if (isOurs) await runAlone(this.#runtime, this.#schedule, contextFor(name))
  }
}

/** Takes the turn of a schedule, if it is due and nobody else has it; else tells when it will be due. */
export async function beginSchedule(
  { database }: ModuleRuntime,
  { name, everyMs }: Schedule,
): Promise<{ isOurs: boolean; leftMs: number }> {
  const { rows } = await database.pool.query<{ isOurs: boolean; leftMs: number | null }>({
    ...claim,
    values: [name, everyMs],
  })
  const { isOurs, leftMs } = rows[0]!
  return { isOurs, leftMs: Math.min(Math.max(leftMs ?? 0, 0), everyMs) }
}

/** Runs it, unless its last run goes on somewhere. */
async function runAlone(runtime: ModuleRuntime, { name, run }: Schedule, context: CallContext): Promise<void> {
  await unlessBusy(runtime.database, `schedule\n${runtime.name}\n${name}`, async () => {
    const counts = await run(new JobContext(runtime, context))
    runtime.log.debug({ schedule: name, counts }, 'a schedule ran')
  })
}
