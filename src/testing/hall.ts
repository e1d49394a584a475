/**
 * The testing kit: a real hall on a database of its own, near (one process) or far (every module outside), without
 * anything faked but the payment provider, which is the sandbox.
 *
 *     await using hall = await startTestHall({ modules: ['catalog'], distance: 'far' })
 *     await hall.calls.catalog.importProducts.mutate({ products })
 *     await hall.settle()
 *
 * Ids derive from module, request and a count, and the clock stands still until it is set, so that two halls that are
 * asked the same in lockstep end with the same rows.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { clientsFor } from '#platform/calls/clients'
import type { CallContext } from '#platform/calls/context'
import { createSettableClock, type SettableClock } from '#platform/clock'
import { type Config, readConfig } from '#platform/config'
import type { ClientOf } from '#platform/contract'
import { allDuties, type Duties, type Duty, noDuties } from '#platform/events/duties'
import { type HallProcess, openProcess } from '#platform/host/open-process'
import type { Graph } from '#platform/host/runtimes'
import type { Place } from '#platform/host/topology'
import { derivedIds, type NewId, randomIds } from '#platform/ids'
import type { Addresses } from '#platform/directory/directory'
import { createLog, type Log } from '#platform/log'
import type { Actor } from '#platform/values'
import pg from 'pg'
import { inject } from 'vitest'
import { hallContracts } from '../contracts.ts'
import { definition } from '../definition.ts'
import type { ModuleName } from '../modules.ts'
import { cloneTemplate } from './cluster.ts'
import { hostable, loaders, startProvider } from './hostable.ts'
import { openWork } from './open-work.ts'

export type Distance = 'near' | 'far'
export type Backend = 'postgres' | 'redis'

export type TestHallOptions = {
  /** The modules to host; all by default. */
  modules?: readonly ModuleName[]
  /** `near`: one process. `far`: every module in a process of its own. */
  distance?: Distance
  /** Modules in processes of their own, the rest in one. Overrides `distance`. */
  out?: readonly ModuleName[]
  /** `apart`: the gateway hosts no module; what is not outside shares a process behind it. */
  gateway?: 'apart'
  /** How many instances of each process outside there are; one by default. */
  instances?: number
  /**
   * Whether queues are worked, or worked `apart`, by a process that does nothing else, or by one for each of these duties.
   * Without, nothing happens in the background until `settle`.
   */
  works?: boolean | 'apart' | readonly Duty[]
  /** Whether workers sweep each second for what queues forgot; they do by default. */
  sweeps?: boolean
  backend?: Backend
  ids?: 'derived' | 'random'
  now?: string
  leaseMs?: number
  /** Settings by their variable's name. */
  env?: Record<string, string>
}

type Calls = { [Name in keyof typeof hallContracts]: ClientOf<(typeof hallContracts)[Name]> }

export type TestHall = {
  /** Calls as the gateway would, as the owner; internal operations are open to tests. */
  calls: Calls
  as(actor: Actor, context?: Partial<CallContext>): Calls
  /** The public face. */
  url: string
  clock: SettableClock
  /** The hall's processes, the gateway's first. */
  processes: readonly HallProcess[]
  /** The provider's sandbox. */
  paymentsUrl: string
  config: Config
  /** Rows, as the database's owner. */
  sql<Row extends Record<string, unknown> = Record<string, any>>(text: string, values?: unknown[]): Promise<Row[]>
  /** Until every event, job, open saga and rebuild is through. */
  settle(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export const owner: Actor = { kind: 'staff', id: 'key_00000000-0000-7000-8000-000000000000', permissions: ['*'] }

const settleMsMax = 30_000

/** Starts a hall on a database cloned from the run's template. Its parts are closed, and its files removed, on disposal. */
export async function startTestHall(options: TestHallOptions = {}): Promise<TestHall> {
  const cluster = inject('cluster')
  const modules = options.modules ?? hostable
  const stack = new AsyncDisposableStack()
  try {
    const { name, url: databaseUrl } = await cloneTemplate(cluster, 'hall')
    const dataDir = await mkdtemp(join(tmpdir(), 'markethall-hall-'))
    stack.defer(() => rm(dataDir, { recursive: true, force: true }))
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 })
    stack.defer(() => pool.end())
    const provider = modules.includes('payments') ? await startProvider() : undefined
    if (provider) stack.defer(() => provider.close())
    if (options.backend === 'redis' && cluster.redisUrl === undefined)
      throw new Error('There is no redis-server on this machine.')
    const config = readConfig({
      PORT: '0',
      DATA_DIR: dataDir,
      DATABASE_URL: databaseUrl,
      DATABASE_CONNECTIONS: '40',
      ROLE_PREFIX: cluster.template,
      HALL_SECRET: 'the secret of a test hall',
      PAYMENTS_URL: provider?.url,
      PAYMENTS_WEBHOOK_SECRET: 'whsec_of_the_test',
      REDIS_URL: options.backend === 'redis' ? cluster.redisUrl : undefined,
      LOG_LEVEL: 'fatal',
      ...options.env,
    })
    const clock = createSettableClock(options.now ?? '2026-01-01T12:00:00.000Z')
    const newId = options.ids === 'random' ? randomIds : derivedIds()
    const log = createLog({ level: config.logLevel, name: 'test' })
    const processes = await openProcesses({ options, modules, config, clock, newId, log, namespace: name }, stack)
    const gateway = processes[0]!
    for (const each of processes) await each.announceOpen(gateway.url)
    const sql: TestHall['sql'] = async (text, values) => (await pool.query(text, values)).rows
    return {
      ...callers(gateway, modules),
      url: gateway.url!,
      clock,
      processes,
      paymentsUrl: provider?.url ?? '',
      config,
      sql,
      settle: () => settle(processes, modules, sql),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

type Opening = {
  options: TestHallOptions
  modules: readonly ModuleName[]
  config: Config
  clock: SettableClock
  newId: NewId
  log: Log
  namespace: string
}

/** Opens the hall's processes: the gateway's first, with whatever is not outside. */
async function openProcesses(
  { options, modules, config, clock, newId, log, namespace }: Opening,
  stack: AsyncDisposableStack,
) {
  const outside: readonly ModuleName[] = options.out ?? (options.distance === 'far' ? modules : [])
  const rest = modules.filter((module) => !outside.includes(module))
  const isApart = options.gateway === 'apart'
  const urls = new Map<string, Addresses>()
  const { works = false } = options
  const own = works === true ? allDuties : noDuties
  const open = async (process: string, hosted: readonly string[], duties: Duties = own): Promise<HallProcess> => {
    const place: Place = {
      process,
      modules: [...hosted],
      gateway: process === 'hall',
      face: (outside.length === 0 && !isApart) || process === 'worker' ? undefined : ['http://127.0.0.1:0'],
      elsewhere: new Map(),
    }
    const opened = await openProcess({
      config,
      log,
      definition: { ...definition, loaders, graph: graphOf(modules) },
      place,
      clock,
      newId,
      duties,
      sweeps: options.sweeps ?? true,
      leaseMs: options.leaseMs ?? 2_000,
      locateElsewhere(module) {
        const url = urls.get(module)
        if (url === undefined) throw new Error(`The test hall does not host ${module}.`)
        return url
      },
      queueNamespace: namespace,
    })
    for (const module of opened.internalUrl === undefined ? [] : hosted)
      urls.set(module, { list: [...(urls.get(module)?.list ?? []), opened.internalUrl!], since: 0 })
    stack.defer(() => opened.close())
    return opened
  }
  const gateway = await open('hall', isApart ? [] : rest)
  const behind = isApart && rest.length > 0 ? [await open('rest', rest)] : []
  const instances = Array.from({ length: options.instances ?? 1 }, () => outside).flat()
  const others = await Promise.all(instances.map((module) => open(module, [module])))
  const apart: Duties[] = works === 'apart' ? [allDuties] : typeof works === 'object' ? works.map(dutyAlone) : []
  const workers = await Promise.all(apart.map((duties) => open('worker', modules, duties)))
  return [gateway, ...behind, ...others, ...workers]
}

const dutyAlone = (duty: Duty): Duties => new Set([duty])

/** The graph as the modules of this hall see it: nobody waits to be sent jobs by one that is not there. */
const graphOf = (modules: readonly string[]): Graph =>
  Object.fromEntries(Object.entries(definition.graph).filter(([name]) => name === 'gateway' || modules.includes(name)))

function callers(gateway: HallProcess, modules: readonly ModuleName[]): Pick<TestHall, 'calls' | 'as'> {
  const callsFor = clientsFor({
    caller: 'gateway',
    callees: modules,
    contracts: hallContracts,
    dispatch: gateway.dispatch,
  })
  let requests = 0
  const contextFor = (actor: Actor): CallContext => {
    requests += 1
    return {
      actor,
      caller: 'gateway',
      requestId: `req_${requests}`,
      traceparent: undefined,
      deadlineAt: Date.now() + 30_000,
      key: undefined,
      undoesKey: undefined,
      signal: undefined,
    }
  }
  // Every access is a request of its own.
  const as: TestHall['as'] = (actor, context) =>
    new Proxy({} as Calls, { get: (_, module) => callsFor({ ...contextFor(actor), ...context })[module] })
  return { calls: as(owner), as }
}

/** Rounds of background work, and what it makes to do, until nothing is open. */
async function settle(
  processes: readonly HallProcess[],
  modules: readonly ModuleName[],
  sql: TestHall['sql'],
): Promise<void> {
  const giveUpAt = Date.now() + settleMsMax
  for (;;) {
    let left = 0
    for (const each of processes) {
      const { sequenced, applied, jobs, sagas, rebuilds } = await each.round({ resumeSagas: true })
      left += sequenced + applied + jobs + sagas + rebuilds
    }
    const open = await openWork(sql, modules)
    if (open === 0) return
    if (left > 0) continue
    if (Date.now() > giveUpAt)
      throw new Error(`The hall does not settle: ${open} sagas, jobs, events or rebuilds stay open.`)
    await delay(25)
  }
}
