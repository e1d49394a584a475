/** Rebuilds as those see them who operate the hall: begun by a command, done by whoever works the module's queues. */
import type { CommandContext, QueryContext } from '../calls/contexts.ts'
import type { ModuleAssembly } from '../calls/implement.ts'
import type { ModuleRuntime } from '../calls/operation.ts'
import { DomainError } from '../errors.ts'
import { beginRebuild, findRebuild, openRebuild, type RebuildView } from '../rebuild/rebuild-rows.ts'

const notRebuildable = (module: string, why: string) =>
  new DomainError('platform.not_rebuildable', 'CONFLICT', `${module} cannot be rebuilt: ${why}.`)
const rebuilding = (module: string, id: string | undefined) =>
  new DomainError(
    'platform.rebuilding',
    'CONFLICT',
    `${module} is being rebuilt already${id === undefined ? '' : ` (${id})`}. See how far it is, and begin again when it has ended.`,
  )
const unknownRebuild = (module: string, id: string | undefined) =>
  new DomainError(
    'platform.unknown_rebuild',
    'NOT_FOUND',
    id === undefined ? `${module} was never rebuilt.` : `${module} knows no rebuild ${id}.`,
  )

/** What the operator's operations of a module do about rebuilds. */
export function rebuildHandlers(runtime: ModuleRuntime, assembly: ModuleAssembly) {
  const { name: module } = runtime
  const refused = refusedBy(module, assembly)
  return {
    async rebuild(ctx: CommandContext, { dryRun = false }: { dryRun?: boolean }): Promise<{ id: string }> {
      if (refused !== undefined) throw notRebuildable(module, refused)
      const id = ctx.newId('reb')
      const { actor, requestId: correlation } = ctx
      const { client } = ctx.inside.transaction
      if (!(await beginRebuild(client, { id, module, dryRun, actor, correlation })))
        throw rebuilding(module, (await openRebuild(client))?.id)
      return { id }
    },

    async rebuildShow(_ctx: QueryContext, { id }: { id?: string }): Promise<RebuildView> {
      const found = await findRebuild(runtime.database.pool, id)
      if (!found) throw unknownRebuild(module, id)
      return found
    },
  }
}

/** Why a module's tables cannot be made again. Throws where it says that they can, and writes them by other ways than events. */
function refusedBy(module: string, { rebuild, router, jobs = [], schedules = [] }: ModuleAssembly): string | undefined {
  if (rebuild === undefined) return 'it listens to nobody, so nothing in it is made of events'
  if (rebuild !== 'from events') return rebuild.refused
  const writing = Object.entries(router.contract.operations).filter(([, { kind }]) => kind !== 'query')
  const others = [
    ...writing.map(([name]) => name),
    ...jobs.map(({ job }) => job.name),
    ...schedules.map(({ name }) => name),
  ]
  if (others.length === 0) return undefined
  throw new Error(`${module} says that it is made of events alone, and has other ways to write: ${others.join(', ')}.`)
}
