import type { JobCtx } from '#platform/calls/context'
import type { Schedule } from '#platform/events/job'
import { deleteExpiredHolds } from './hold-queries.ts'

const everyMs = 5_000
const holdsMax = 200

/** Ends holds that have expired, so that their units show as free. Nobody waits for it: whoever comes short looks for himself. */
export const sweepHolds: Schedule = {
  name: 'sweep holds',
  everyMs,
  async run(ctx: JobCtx) {
    const [swept] = await ctx.transaction(({ tx }) => deleteExpiredHolds(tx).execute({ limit: holdsMax }))
    return swept!
  },
}
