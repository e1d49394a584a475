/** The modules of a process, hosted: their databases opened, their operations bound, their calls wired. */
import { createHmac } from 'node:crypto'
import { clientsFor, type Dispatch, type Route } from '../calls/clients.ts'
import type { CallContext } from '../calls/context.ts'
import type { ModuleAssembly } from '../calls/implement.ts'
import { type BoundOperation, bindOperations, type ModuleRuntime } from '../calls/operation.ts'
import { CountedRefusals } from '../calls/refusals.ts'
import type { Traffic } from '../calls/traffic.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { type Contract, internal, query } from '../contract.ts'
import { type ModuleDatabase, openModuleDatabase } from '../data/database.ts'
import type { Roles } from '../data/migrate.ts'
import { countParked, cursorsOf } from '../events/apply.ts'
import { audited, type JournalEvent } from '../events/event.ts'
import {
  journalAfter,
  journalAfterInput,
  journalAfterOutput,
  type JournalHeads,
  journalHeads,
  journalHeadsOutput,
} from '../events/journal.ts'
import type { JournalReader } from '../events/follower.ts'
import { jobContext } from '../events/run-job.ts'
import type { NewId } from '../ids.ts'
import { bindOperator } from '../operate/bind-operator.ts'
import type { Log } from '../log.ts'
import type { Sought, TraceEntry } from '../trace/entries.ts'
import { readTrace, traceInput, traceOutput } from '../trace/read-trace.ts'
import { z } from 'zod'
import type { AssemblyDeps } from './assembly.ts'

/** Who calls whom, who listens to whom: the declared graph, names only. */
export type Graph = Readonly<
  Record<string, { calls: readonly string[]; listens: readonly string[]; sendsJobs: readonly string[] }>
>

export type HostOptions = {
  config: Config
  graph: Graph
  contracts: Record<string, Contract>
  /** Of the modules that this program can host: all of the hall's, or the one that is a project of its own. */
  loaders: Readonly<Partial<Record<string, (deps: AssemblyDeps) => Promise<ModuleAssembly>>>>
  modules: readonly string[]
  secret: string
  clock: Clock
  newId: NewId
  log: Log
  leaseMs: number
  /** Carries calls to wherever a module is. */
  dispatch: Dispatch
  traffic: Traffic
  databaseUrlOf(module: string): string
  rolesOf(module: string): Roles
  connectionsPerModule: number
  stopping: AbortSignal
  /** Told after a commit of a module that announced or enqueued. */
  committed(module: string, wrote: { events: number; jobs: number }): void
}

export type Hosted = { runtime: ModuleRuntime; assembly: ModuleAssembly; reader: JournalReader }

/** Loads and hosts the modules placed here. */
export async function hostModules(options: HostOptions): Promise<Map<string, Hosted>> {
  const host = async (module: string) => [module, await hostModule(module, options)] as const
  // Side by side: what one waits for (an outside party of its own, say) holds up no other.
  return new Map(await Promise.all(options.modules.map(host)))
}

async function hostModule(module: string, options: HostOptions): Promise<Hosted> {
  const { config, graph, contracts, loaders, clock, newId, leaseMs, stopping, dispatch } = options
  const log = options.log.child({ module })
  const assembly = await loaders[module]!({
    config,
    log,
    secretFor: (purpose) => deriveSecret(options.secret, purpose),
  })
  const database = openModuleDatabase({
    module,
    url: options.databaseUrlOf(module),
    role: options.rolesOf(module).get(module),
    connections: options.connectionsPerModule,
    applicationName: `markethall ${module}`,
    log,
  })
  const callsFor = clientsFor({ caller: module, callees: graph[module]!.calls, contracts, dispatch })
  const reader = readerFor(module, dispatch, () => jobContext(runtime, systemContext(module)))
  const runtime: ModuleRuntime = {
    name: module,
    database,
    clock,
    newId,
    log,
    callsFor,
    leaseMs,
    stopping,
    sendsJobsTo: graph[module]!.sendsJobs,
    audited: audited(module),
    refusals: new CountedRefusals(),
    traffic: options.traffic,
    operations: new Map(),
    committed: (wrote) => options.committed(module, wrote),
    behind: (source, context) => behind({ runtime, dispatch }, source, context),
    traceIn: (source, asked) => traceIn({ runtime, dispatch }, source, asked),
  }
  for (const [name, operation] of bindOperations(assembly.router, runtime)) runtime.operations.set(name, operation)
  for (const [name, operation] of bindOperator(runtime, assembly)) runtime.operations.set(name, operation)
  for (const operation of journalOperations(runtime, database)) runtime.operations.set(operation.name, operation)
  return { runtime, assembly, reader }
}

/** A secret of the hall for one purpose, the same in all its processes. */
export const deriveSecret = (secret: string, purpose: string): string =>
  createHmac('sha256', secret).update(purpose).digest('hex')

const systemContext = (module: string) => ({
  actor: { kind: 'system' as const, id: module },
  requestId: `journal:${module}`,
  key: undefined,
})

/** The modules whose journals a module reads: those that it listens to, and those that send it jobs. */
export const sourcesOf = (graph: Graph, module: string): string[] => {
  const senders = Object.keys(graph).filter((name) => graph[name]!.sendsJobs.includes(module))
  return [...new Set([...(graph[module]?.listens ?? []), ...senders])]
}

/** The operations that the platform adds to every module: its journal, open to those who listen or are sent jobs. */
const journalRoutes = { after: 'journalAfter', heads: 'journalHeads', trace: 'journalTrace' } as const

/** Whether the operation is a reading of a journal, which is no call. */
export const readsJournal = ({ name }: Pick<BoundOperation, 'name'>): boolean =>
  Object.values<string>(journalRoutes).includes(name)

function journalOperations(runtime: ModuleRuntime, database: ModuleDatabase): BoundOperation[] {
  const nothing = z.strictObject({})
  const bind = (
    name: string,
    { input, output, handler }: { input: z.ZodType; output: z.ZodType; handler: unknown },
  ): BoundOperation => ({
    module: runtime.name,
    name,
    path: `${runtime.name}.${name}`,
    spec: query({ access: internal, input: nothing, output: nothing }),
    input: z.compile(input),
    output: z.compile(output),
    promised: new Set(),
    handler,
    runtime,
  })
  return [
    bind(journalRoutes.after, {
      input: journalAfterInput,
      output: journalAfterOutput,
      handler: (_ctx: unknown, input: z.infer<typeof journalAfterInput>) => journalAfter(database, input),
    }),
    bind(journalRoutes.trace, {
      input: traceInput,
      output: traceOutput,
      handler: (_ctx: unknown, input: Sought) => readTrace(database, input),
    }),
    bind(journalRoutes.heads, { input: nothing, output: journalHeadsOutput, handler: () => journalHeads(database) }),
  ]
}

/** How long a listener waits for a journal; it asks again with the next sweep. */
const journalMsMax = 10_000

const journalRoute = (source: string, name: string): Route => ({
  module: source,
  name,
  path: `${source}.${name}`,
  kind: 'query',
  undoes: false,
})

/** Reads journals through the directory, near or far. */
export function readerFor(listener: string, dispatch: Dispatch, contextFor: () => CallContext): JournalReader {
  const ask = async (route: Route, input: unknown, signal: AbortSignal) => {
    const context = { ...contextFor(), deadlineAt: Date.now() + journalMsMax, signal }
    const outcome = await dispatch(route, context, input)
    if (!outcome.ok)
      throw new Error(`${listener} cannot read the journal of ${route.module}: ${outcome.failure.message}`)
    return outcome.value
  }
  return {
    after: async (source, from, signal) => {
      const answer = await ask(journalRoute(source, journalRoutes.after), from, signal)
      return (answer as { events: JournalEvent[] }).events
    },
    heads: async (source, signal) => (await ask(journalRoute(source, journalRoutes.heads), {}, signal)) as JournalHeads,
  }
}

/** What a source holds of what is sought. */
async function traceIn(
  { runtime, dispatch }: { runtime: ModuleRuntime; dispatch: Dispatch },
  source: string,
  { sought, context }: { sought: Sought; context: CallContext },
): Promise<TraceEntry[]> {
  // What a module tells of itself needs no other.
  if (source === runtime.name) return (await readTrace(runtime.database, sought)).entries
  const own: CallContext = { ...context, caller: runtime.name, key: undefined, undoesKey: undefined }
  const outcome = await dispatch(journalRoute(source, journalRoutes.trace), own, sought)
  if (!outcome.ok) throw new Error(`The trace of ${source} cannot be read: ${outcome.failure.message}`)
  return (outcome.value as { entries: TraceEntry[] }).entries
}

async function behind(
  { runtime, dispatch }: { runtime: ModuleRuntime; dispatch: Dispatch },
  source: string,
  context: CallContext,
): Promise<number> {
  const own: CallContext = { ...context, caller: runtime.name, key: undefined, undoesKey: undefined }
  // The cursors first: whatever is applied in between counts as behind, never the other way round.
  const [cursors, parked] = await Promise.all([cursorsOf(runtime.database.pool, source), countParked(runtime, source)])
  const outcome = await dispatch(journalRoute(source, journalRoutes.heads), own, {})
  if (!outcome.ok) throw new Error(`The journal of ${source} cannot be read: ${outcome.failure.message}`)
  const { unsequenced, lanes } = outcome.value as JournalHeads
  return lanes.reduce((sum, { lane, head }) => sum + Math.max(0, head - (cursors.get(lane) ?? 0)), unsequenced + parked)
}
