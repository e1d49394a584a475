/**
 * A process of a hall: the modules placed here, their workers, the internal face where there are other processes, and
 * the public face where this is the gateway, which alone loads what that brings with it. Opened in order, and closed in
 * the reverse: faces drain, workers finish what they hold, connections close, and the database server, where it is ours,
 * stops with its last user.
 */
import { randomUUID } from 'node:crypto'
import { dispatchWith, type Placement, type Placements } from '../calls/clients.ts'
import { announceCounted } from '../calls/refusals.ts'
import { Traffic } from '../calls/traffic.ts'
import { type Clock, systemClock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Addresses, Directory } from '../directory/directory.ts'
import type { Duties } from '../events/duties.ts'
import type { Round } from '../events/module-worker.ts'
import { type Certificates, openCertificates } from '../far/certificates.ts'
import { createFarClient, type FarClient } from '../far/far-client.ts'
import type { Policies } from '../far/policy.ts'
import type { Listening } from '../http/listen.ts'
import type { Webhook } from '../http/public-server.ts'
import { type NewId, randomIds } from '../ids.ts'
import type { Log } from '../log.ts'
import { loadHallSecret } from '../secret.ts'
import { RequestCounts } from '../telemetry/request-counts.ts'
import { refuseCallCycle } from './call-cycle.ts'
import type { Authentication } from './gateway.ts'
import { openDatabases, shareOf } from './open-databases.ts'
import { openDirectory } from './open-directory.ts'
import { doorsOf, openMetricsFace } from './open-metrics-face.ts'
import { advertised, openInternalFace } from './open-internal-face.ts'
import { queueBoardOf } from './open-queue-board.ts'
import { openWorkers, roundsFor, type Workers } from './open-workers.ts'
import type { Place } from './topology.ts'
import { deriveSecret, type Graph, type Hosted, hostModules, type HostOptions } from './runtimes.ts'

/** The hall as a program knows it: its graph, contracts, loaders, and what stands at its gateway. */
export type HallDefinition = Pick<HostOptions, 'contracts' | 'loaders'> & {
  graph: Graph
  webhooks: readonly Webhook[]
  authentication: Authentication
  /** Of the program, for people. */
  version: string
  /** How modules elsewhere are called, where the defaults do not fit. */
  policies?: Policies | undefined
  /** The page at `/`: HTML that needs nothing from anywhere. */
  page?(): string
}

export type ProcessOptions = {
  config: Config
  log: Log
  definition: HallDefinition
  place: Place
  /** What of the background work is done here. Where there is any, other processes' commits are heard of, too. */
  duties: Duties
  /** The modules whose background work is done here: all that are hosted, unless named. */
  works?: readonly string[]
  /** Whether workers sweep for what queues forgot; they do unless a test of the queues alone says no. */
  sweeps?: boolean
  clock?: Clock
  newId?: NewId
  leaseMs?: number
  /** Tells halls apart that share a Redis; by default derived from their secret, since embedded databases share a name. */
  queueNamespace?: string
  /** How long connections that are kept open may still ask something when the public face closes, in milliseconds. */
  lingerMs?: number
  /** Overrides where a module lives; tests place processes at ports that nobody knows beforehand. */
  locateElsewhere?: (module: string) => Addresses
}

export type HallProcess = {
  /** The public face, or undefined where it is elsewhere. */
  url: string | undefined
  internalUrl: string | undefined
  /** The face for whoever watches this process, where it has one. */
  metricsUrl: string | undefined
  hosted: ReadonlyMap<string, Hosted>
  /** Calls an operation of any module, as a module or a client would. */
  dispatch: ReturnType<typeof dispatchWith>
  newId: NewId
  /** Tells the modules where the public face is. */
  announceOpen(publicUrl: string | undefined): Promise<void>
  /** Does one round of all background work of the modules here. */
  round(options: { resumeSagas: boolean }): Promise<Round>
  close(): Promise<void>
}

const refusalsMs = 10_000

/** Opens a process. Where anything fails, what was opened is closed again. */
export async function openProcess(options: ProcessOptions): Promise<HallProcess> {
  refuseCallCycle(options.definition.graph)
  refuseStrangers(options)
  const closers: (() => Promise<unknown>)[] = []
  const closeAll = async () => {
    for (const close of closers.splice(0).toReversed()) {
      await close().catch((error: unknown) => options.log.warn({ err: error }, 'closing something failed'))
    }
  }
  try {
    return await open(options, closers, closeAll)
  } catch (error) {
    await closeAll()
    throw error
  }
}

function refuseStrangers({ definition, place }: ProcessOptions): void {
  const stranger = place.modules.find((module) => definition.loaders[module] === undefined)
  if (stranger === undefined) return
  const own = Object.keys(definition.loaders).join(', ')
  throw new Error(
    `${place.process} hosts ${stranger}, which is not in this program: it has ${own}. Start that process from another.`,
  )
}

async function open(
  options: ProcessOptions,
  closers: (() => Promise<unknown>)[],
  closeAll: () => Promise<void>,
): Promise<HallProcess> {
  const { config, place, newId = randomIds } = options
  let isClosing = false
  const secret = await loadHallSecret({ dataDir: config.dataDir, given: config.hallSecret })
  const databases = await openDatabases(options, closers)
  const stopping = new AbortController()
  const certificates = await openCertificatesOf(options, closers)
  const far = openFarClient(options, { secret, certificates }, closers)
  const namespace = options.queueNamespace ?? deriveSecret(secret, 'queues').slice(0, 16)
  const directory = await openDirectory(options, { namespace, queueUrl: databases.queueUrl }, closers)
  let workers: Workers | undefined
  const clock = options.clock ?? systemClock
  const traffic = new Traffic(clock.now())
  const placements = placementsOf(options, directory, () => hosted)
  const dispatch = dispatchWith(placements, far, traffic)
  const publicFace = place.gateway ? await import('./open-public-face.ts') : undefined
  const readCache = publicFace?.createReadCache(options, dispatch)
  const hosted: Map<string, Hosted> = await hostModules({
    ...hostedHere(options),
    secret,
    newId,
    dispatch,
    traffic,
    clock,
    databaseUrlOf: databases.urlOf,
    rolesOf: databases.rolesOf,
    stopping: stopping.signal,
    committed(module, wrote) {
      workers?.committed(module, wrote)
      readCache?.committed(module)
    },
  })
  closers.push(() => closeModules(hosted))
  const refusals = tellRefusals(options, hosted)
  closers.push(() => refusals.close())
  closers.push(() => Promise.resolve(stopping.abort()))
  const requests = new RequestCounts()
  const state = { carrier: () => workers?.carrier, isClosing: () => isClosing }
  const doors = doorsOf({ options, traffic, far, placements, hosted, requests, ...state })
  const metrics = await openMetricsFace({ options, doors }, closers)
  const internal = await openInternalFace({ options, secret, traffic, hosted, certificates, doors }, closers)
  workers = await openWorkers({ options, hosted, databases, namespace }, closers)
  const rounds = roundsFor({ options, hosted })
  const queueBoard = queueBoardOf({ options, queueUrl: databases.queueUrl, namespace }, closers)
  const wired = { options, dispatch, hall: { placements, far, traffic }, newId, doors, requests, readCache, queueBoard }
  const faces = await publicFace?.openPublicFace(wired, closers)
  if (internal && place.face === 'registered') await join(options, { directory, internal }, closers)
  return {
    url: faces?.url,
    internalUrl: internal?.url,
    metricsUrl: metrics?.url,
    hosted,
    dispatch,
    newId,
    announceOpen: (publicUrl) => announceOpenTo(hosted, publicUrl),
    async round(how) {
      await refusals.tell()
      return rounds(how)
    },
    close() {
      isClosing = true
      return closeAll()
    },
  }
}

/** What a process hosts, and under which settings. */
function hostedHere({ config, log, definition, place, duties, leaseMs = config.sagaLeaseMs }: ProcessOptions) {
  const { graph, contracts, loaders } = definition
  const { modules } = place
  const connectionsPerModule = shareOf(config, { modules: modules.length, works: duties.size > 0 })
  return { config, log, graph, contracts, loaders, modules, leaseMs, connectionsPerModule }
}

async function announceOpenTo(hosted: ReadonlyMap<string, Hosted>, publicUrl: string | undefined): Promise<void> {
  for (const { assembly } of hosted.values()) await assembly.onOpen?.({ publicUrl })
}

async function closeModules(hosted: ReadonlyMap<string, Hosted>): Promise<void> {
  for (const { runtime, assembly } of hosted.values()) {
    await assembly.close?.()
    await runtime.database.close()
  }
}

function openFarClient(
  { log, place, definition }: ProcessOptions,
  { secret, certificates }: { secret: string; certificates: Certificates | undefined },
  closers: (() => Promise<unknown>)[],
): FarClient {
  const { process, modules, gateway } = place
  const { policies } = definition
  const far = createFarClient({ secret, self: { process, modules, gateway }, log, policies, certificates })
  closers.push(() => far.close())
  return far
}

/** Announces this instance. Leaving the directory is the first that is done when it stops, so it is the last that is opened. */
async function join(
  options: ProcessOptions,
  { directory, internal }: { directory: Directory; internal: Listening },
  closers: (() => Promise<unknown>)[],
): Promise<void> {
  const { process, modules } = options.place
  const { version } = options.definition
  await directory.join({ id: randomUUID(), process, modules, address: advertised(internal, options), version })
  closers.push(() => directory.leave())
}

async function openCertificatesOf({ config, log }: ProcessOptions, closers: (() => Promise<unknown>)[]) {
  if (config.internalTls === undefined) return undefined
  const certificates = await openCertificates(config.internalTls, log)
  closers.push(async () => certificates.close())
  return certificates
}

function placementsOf(
  { locateElsewhere }: ProcessOptions,
  directory: Directory,
  hosted: () => ReadonlyMap<string, Hosted>,
): Placements {
  return {
    locate(module): Placement {
      const own = hosted().get(module)
      if (own) return { here: own.runtime.operations }
      const addresses = locateElsewhere?.(module) ?? directory.addressesOf(module)
      if (addresses === undefined) throw new Error(`The topology places ${module} nowhere.`)
      return { addresses }
    },
  }
}

/** Announces what strangers were refused: now and then where background work is done here, and at the end. */
function tellRefusals({ duties, log }: ProcessOptions, hosted: ReadonlyMap<string, Hosted>) {
  const tell = async () => {
    for (const { runtime } of hosted.values()) await announceCounted(runtime)
  }
  const sayFailed = (error: unknown) => log.warn({ err: error }, 'refusals could not be announced; they stay counted')
  const timer = duties.size > 0 ? setInterval(() => void tell().catch(sayFailed), refusalsMs).unref() : undefined
  return {
    tell,
    close() {
      clearInterval(timer)
      return tell()
    },
  }
}
