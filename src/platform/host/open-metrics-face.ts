/** What operators may ask a process, wired, and the face of its own that figures have where a port is given for them. */
import type { Placements } from '../calls/clients.ts'
import type { Traffic } from '../calls/traffic.ts'
import type { Carrier } from '../events/queues.ts'
import type { FarClient } from '../far/far-client.ts'
import { listen, type Listening } from '../http/listen.ts'
import { createMetricsServer } from '../http/metrics-server.ts'
import { metricsPath, type OperatorDoors } from '../http/operator-doors.ts'
import { callFigures } from '../telemetry/call-figures.ts'
import { type Figures, gauge } from '../telemetry/family.ts'
import { farFigures } from '../telemetry/far-figures.ts'
import { moduleFigures, type Watched } from '../telemetry/module-figures.ts'
import type { RequestCounts } from '../telemetry/request-counts.ts'
import { Telemetry } from '../telemetry/telemetry.ts'
import type { ProcessOptions } from './open-process.ts'
import { addressesOf, createReadiness } from './readiness.ts'
import { type Hosted, sourcesOf } from './runtimes.ts'

type DoorsOptions = {
  options: ProcessOptions
  traffic: Traffic
  far: FarClient
  placements: Placements
  hosted: ReadonlyMap<string, Hosted>
  carrier(): Pick<Carrier, 'ping'> | undefined
  requests: RequestCounts
  isClosing(): boolean
}

/** What operators may ask this process. */
export function doorsOf(wired: DoorsOptions): OperatorDoors {
  const { options, traffic, far, placements, hosted, carrier, requests, isClosing } = wired
  const { config, log, definition, place } = options
  const modules = place.gateway ? Object.keys(definition.contracts) : neededBy(options)
  const watched = (): Watched[] =>
    [...hosted].map(([module, { runtime, reader }]) => {
      return { module, database: runtime.database, reader, sources: sourcesOf(definition.graph, module) }
    })
  return {
    log,
    metricsToken: config.metricsToken,
    readiness: createReadiness({
      hosted,
      carrier,
      placements,
      far,
      modules,
      isClosing,
    }),
    telemetry: new Telemetry([
      processFigures(options),
      callFigures(traffic),
      farFigures({ far, modules, addressesOf: (module) => addressesOf(placements, module) }),
      requests.figures,
      moduleFigures(watched),
    ]),
  }
}

/** Whom the modules here call, and whose journals they read. */
function neededBy({ definition: { graph }, place }: ProcessOptions): string[] {
  const needed = place.modules.flatMap((module) => [...(graph[module]?.calls ?? []), ...sourcesOf(graph, module)])
  return [...new Set(needed)]
}

/** A worker has the name of the process beside which it works, and is told from it by what it does. */
function processFigures({ place, definition, duties }: ProcessOptions): Figures {
  const labels = {
    process: place.process,
    version: definition.version,
    gateway: String(place.gateway),
    duties: [...duties].join(','),
  }
  return {
    families: [
      gauge(
        'markethall_process_info',
        'Which process this is, of which release, and what background work it does.',
        () => [[labels, 1]],
      ),
    ],
  }
}

const settings = { host: 'METRICS_HOST', port: 'METRICS_PORT' }

/** Opens the face for whoever watches this process; undefined where no port is given. It is the last that closes. */
export async function openMetricsFace(
  { options: { config, log }, doors }: { options: ProcessOptions; doors: OperatorDoors },
  closers: (() => Promise<unknown>)[],
): Promise<Listening | undefined> {
  if (config.metricsPort === undefined) return undefined
  const face = await listen(createMetricsServer(doors), {
    host: config.metricsHost,
    port: config.metricsPort,
    settings,
  })
  closers.push(() => face.close(0))
  log.info({ url: `${face.url}${metricsPath}` }, 'figures are told')
  return face
}
