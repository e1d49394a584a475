import type { Transaction } from '../data/database.ts'
import { endsWithin } from '../events/ends-within.ts'
import { catchUp, type Positions, positionsIn, type Rebuilding } from './catch-up.ts'
import { RebuildEnded } from './copy.ts'
import { lockRebuild } from './rebuild-rows.ts'

/** How long whoever applies events is waited for, and how long they wait for the copy then. */
const cursorsMsMax = 5_000
const catchUpMsMax = 3_000
/** More than that it never rests: a process that is frozen here holds everybody up no longer. */
const restMsMax = 10_000

/** The copy could not be brought to where the live tables are in as short a time as all may wait. */
export class TooFarBehind extends Error {
  override readonly name = 'TooFarBehind'
}

/**
 * Holds up all that moves the module's cursors, brings the copy to the very events that the live tables hold, and does the work there.
 * Throws `TooFarBehind` where that takes too long, and what PostgreSQL says where somebody has the tables for long: both may
 * succeed another time.
 */
export async function atOnePlace<T>(
  rebuilding: Rebuilding,
  work: (transaction: Transaction, at: Positions) => Promise<T>,
): Promise<T> {
  const { live, id, sources } = rebuilding
  return live.database.transaction(async (transaction) => {
    const { client } = transaction
    await client.query(`SET LOCAL lock_timeout = ${cursorsMsMax}`)
    await client.query(`SET LOCAL idle_in_transaction_session_timeout = ${restMsMax}`)
    if (!(await lockRebuild(client, id))) throw new RebuildEnded()
    // The table, and not its rows: a new lane has none yet. Whoever applies events has it until its transaction ends; reading is free.
    await client.query('LOCK TABLE cursors IN EXCLUSIVE MODE')
    const at = await positionsIn(client, sources)
    const catching = catchUp(rebuilding, at)
    // What is under way then goes on; the copy's one connection is not free for anything else until it has ended.
    if (!(await endsWithin(catching, catchUpMsMax))) throw new TooFarBehind()
    await catching
    return work(transaction, at)
  })
}
