/** The public face of a process, wired: who asks, what is kept in memory, whether the hall is ready, how it stops. */
import type { RequestHandler } from 'express'
import type { Dispatch } from '../calls/clients.ts'
import { type Clock, systemClock } from '../clock.ts'
import { listen, type Listening } from '../http/listen.ts'
import type { OperatorDoors } from '../http/operator-doors.ts'
import { createPublicServer } from '../http/public-server.ts'
import { ReadCache } from '../http/read-cache.ts'
import type { NewId } from '../ids.ts'
import type { RequestCounts } from '../telemetry/request-counts.ts'
import { type Asked, tellingAll } from './all-told.ts'
import { createGateway } from './gateway.ts'
import type { ProcessOptions } from './open-process.ts'
import { readerFor } from './runtimes.ts'

type PublicFaceOptions = {
  options: ProcessOptions
  dispatch: Dispatch
  /** Who is asked for the traffic of all. */
  hall: Asked
  newId: NewId
  doors: OperatorDoors
  requests: RequestCounts
  readCache: ReadCache | undefined
  queueBoard(): Promise<RequestHandler>
}

/** In whose name the gateway calls and reads journals: it stands in the graph. */
const gatewayName = 'gateway'

/** The gateway's memory of what guests were answered, unless it is turned off. */
export function createReadCache({ config, definition }: ProcessOptions, dispatch: Dispatch): ReadCache | undefined {
  if (!config.readCache) return undefined
  const { contracts, graph } = definition
  const reader = readerFor(gatewayName, dispatch, () => ({
    actor: { kind: 'system', id: gatewayName },
    caller: gatewayName,
    requestId: `journal:${gatewayName}`,
    traceparent: undefined,
    deadlineAt: 0,
    key: undefined,
    undoesKey: undefined,
    signal: undefined,
  }))
  const heads = (module: string) => reader.heads(module, AbortSignal.timeout(journalMsMax))
  return new ReadCache({ contracts, listens: graph[gatewayName]?.listens ?? [], heads })
}

/** Where a journal takes longer to tell its heads, the modules are asked themselves. */
const journalMsMax = 1_000
const drainMsMax = 20_000

/** Opens the public face. Closing answers what was accepted. */
export async function openPublicFace(
  { options, dispatch, hall, newId, doors, requests, readCache, queueBoard }: PublicFaceOptions,
  closers: (() => Promise<unknown>)[],
): Promise<Listening> {
  const { config, definition, log } = options
  const { contracts, authentication, webhooks, page } = definition
  const clock: Clock = options.clock ?? systemClock
  const gateway = createGateway({ contracts, authentication, dispatch, clock })
  const server = createPublicServer({
    contracts,
    dispatch: tellingAll(dispatch, hall),
    webhooks,
    page,
    log,
    readCache,
    queueBoard,
    newRequestId: () => newId('req', { module: gatewayName, requestId: '' }),
    actorOf: gateway.actorOf,
    doors,
    requests,
  })
  const face = await listen(server, { host: config.host, port: config.port, lingerMs: options.lingerMs })
  closers.push(() => face.close(drainMsMax))
  return face
}
