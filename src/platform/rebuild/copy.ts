/**
 * The copy that a rebuild fills: the module's tables once more, the platform's among them, and connections that mean those.
 *
 * What handlers announce and enqueue while they fill it goes into a journal and a table of jobs that nobody follows. So nothing
 * reaches the outside twice: it would have to be read from where nobody looks.
 */
import type { ModuleRuntime } from '../calls/operation.ts'
import { sqlStateOf } from '../data/database.ts'
import { NoTwin, prepareTwin, twinOf } from '../data/twin-schema.ts'
import { lockRebuild } from './rebuild-rows.ts'

/** A rebuild that cannot succeed: trying again would not help. */
export class RebuildFailed extends Error {
  override readonly name = 'RebuildFailed'
}

/** Somebody else has ended the rebuild. */
export class RebuildEnded extends Error {
  override readonly name = 'RebuildEnded'
}

export type Copy = {
  /** The module with the copy's tables. It wakes nobody. */
  runtime: ModuleRuntime
  close(): Promise<void>
}

const lockMsMax = 5_000

/** Makes the copy of a rebuild, or takes up the one that is there. Throws `RebuildEnded` where it does not run any more. */
export async function openCopy(live: ModuleRuntime, id: string, stopping: AbortSignal): Promise<Copy> {
  const role = await prepare(live, id)
  // Then no event is to blame, and none is parked: whoever applies them stops.
  const unfit = new AbortController()
  const database = live.database.twin({ schema: twinOf(live.name), role, connections: 1 })
  const runtime: ModuleRuntime = {
    ...live,
    database: {
      ...database,
      transaction: (work, options) =>
        database.transaction(work, options).catch((error: unknown) => {
          if (isHopeless(error)) unfit.abort()
          throw error
        }),
    },
    committed: () => undefined,
    stopping: AbortSignal.any([stopping, unfit.signal]),
  }
  return { runtime, close: () => database.close() }
}

/**
 * Whether trying again cannot help. Wrong names and missing rights (42, 3F) are in the statement, never in what it is given; where
 * something depends on a table (2B), a person must see what.
 */
export const isHopeless = (error: unknown): boolean =>
  error instanceof RebuildFailed || error instanceof NoTwin || /^(2B|3F|42)/.test(sqlStateOf(error) ?? '')

const prepare = ({ database, name: module, log }: ModuleRuntime, id: string): Promise<string | undefined> =>
  database.transaction(async ({ client }) => {
    await client.query(`SET LOCAL lock_timeout = ${lockMsMax}`)
    if (!(await lockRebuild(client, id))) throw new RebuildEnded()
    // Tables belong to the database's login. Migrations are made to run with a login's own path.
    await client.query('SET LOCAL ROLE NONE')
    await client.query('SET LOCAL search_path TO "$user", public')
    return prepareTwin(client, { module, owner: id, role: database.role, log })
  })
