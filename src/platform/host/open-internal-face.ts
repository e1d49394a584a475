/** The internal face of a process, where there are others to call it. */
import type { Server } from 'node:http'
import { hostname } from 'node:os'
import type { BoundOperation } from '../calls/operation.ts'
import type { Traffic } from '../calls/traffic.ts'
import type { Certificates } from '../far/certificates.ts'
import { createInternalServer } from '../http/internal-server.ts'
import type { OperatorDoors } from '../http/operator-doors.ts'
import { isPortTaken, listen, type Listening, type ListenOptions, portOf } from '../http/listen.ts'
import type { ProcessOptions } from './open-process.ts'
import { type Hosted, readsJournal, sourcesOf } from './runtimes.ts'
import type { Place } from './topology.ts'

type InternalFaceOptions = {
  options: ProcessOptions
  secret: string
  traffic: Traffic
  hosted: ReadonlyMap<string, Hosted>
  certificates: Certificates | undefined
  doors: OperatorDoors
}

const drainMsMax = 20_000

/** Opens the internal face; undefined where the place has none. Closing answers what was accepted. */
export async function openInternalFace(
  { options, secret, traffic, hosted, certificates, doors }: InternalFaceOptions,
  closers: (() => Promise<unknown>)[],
): Promise<Listening | undefined> {
  const { config, definition, place } = options
  if (place.face === undefined) return undefined
  assertSchemes(place, certificates)
  const create = () =>
    createInternalServer({
      secret,
      certificates,
      doors,
      arrived: (calls) => traffic.arrive(calls),
      find: (path) => findOperation(hosted, path),
      mayCall(caller, operation) {
        const declared = definition.graph[caller]
        if (!declared) return false
        const callees = readsJournal(operation) ? sourcesOf(definition.graph, caller) : declared.calls
        return callees.includes(operation.module)
      },
    })
  const otherwise = `give ${place.process} another in the topology, or here with INTERNAL_PORT`
  const listening = { host: config.host, lingerMs: options.lingerMs, otherwise }
  const face = await listenAtOne(create, portsFor(options), listening)
  closers.push(() => face.close(drainMsMax))
  return certificates ? { ...face, url: face.url.replace('http:', 'https:') } : face
}

/** Addresses and certificates are configured in two places, which must agree. */
function assertSchemes({ process, face }: Place, certificates: Certificates | undefined): void {
  if (face === undefined || face === 'registered') return
  const secure = face.find((url) => url.startsWith('https:'))
  const open = face.find((url) => url.startsWith('http:'))
  if (secure !== undefined && !certificates)
    throw new Error(`${process} is at ${secure}: set INTERNAL_TLS_CERT, INTERNAL_TLS_KEY and INTERNAL_TLS_CA.`)
  if (open !== undefined && certificates)
    throw new Error(`${process} has certificates and is at ${open}: give it https in the topology.`)
}

/** The internal face as other processes reach it. */
export function advertised({ port, url }: Listening, { config }: Pick<ProcessOptions, 'config'>): string {
  const { protocol } = new URL(url)
  const isAnywhere = ['0.0.0.0', '::'].includes(config.host)
  const host = config.advertiseHost ?? (isAnywhere ? hostname() : undefined)
  return host === undefined ? url : `${protocol}//${host.includes(':') ? `[${host}]` : host}:${port}`
}

function portsFor({ config, place }: ProcessOptions): number[] {
  if (config.internalPort !== undefined) return [config.internalPort]
  return place.face === undefined || place.face === 'registered' ? [0] : place.face.map((url) => portOf(url))
}

/** At the first of the process's ports that is free: on one machine its instances share the list. */
async function listenAtOne(
  create: () => Server,
  [port, ...others]: number[],
  options: Omit<ListenOptions, 'port'>,
): Promise<Listening> {
  try {
    return await listen(create(), { ...options, port: port! })
  } catch (error) {
    if (others.length === 0 || !isPortTaken(error)) throw error
    return listenAtOne(create, others, options)
  }
}

function findOperation(hosted: ReadonlyMap<string, Hosted>, path: string): BoundOperation | undefined {
  const dot = path.indexOf('.')
  return hosted.get(path.slice(0, dot))?.runtime.operations.get(path.slice(dot + 1))
}
