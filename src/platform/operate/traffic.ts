/** The traffic as those see it who operate the hall. */
import type { QueryContext } from '../calls/contexts.ts'
import type { ModuleRuntime } from '../calls/operation.ts'

/** Positions in a lane begin with 1 and leave none out, so a cursor is also a count. */
const passed = {
  name: 'platform_events_passed',
  text: 'SELECT source, sum(position)::float8 AS events FROM cursors GROUP BY source ORDER BY source',
}

/** What the operator's operations of a module do about traffic. */
export const trafficHandlers = ({ traffic, database }: ModuleRuntime) => ({
  async traffic(_ctx: QueryContext) {
    const { rows } = await database.pool.query<{ source: string; events: number }>(passed)
    return {
      process: traffic.process,
      since: traffic.since,
      calls: traffic.read(),
      arrived: traffic.arrived,
      passed: rows,
    }
  },
})
