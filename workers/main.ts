/**
 * A process that only works the queues: of all modules, or of those named: `npm run worker -- orders reporting`.
 * It hosts the modules' code, and has no face of its own. What they call or listen to must be worked here too, or have
 * an address in the topology.
 */
import { parseArgs } from 'node:util'
import { processConfig } from '#platform/config'
import { allDuties } from '#platform/events/duties'
import { openProcess } from '#platform/host/open-process'
import { sourcesOf } from '#platform/host/runtimes'
import { oneProcess, placeOf, readTopology, type Topology } from '#platform/host/topology'
import { createLog } from '#platform/log'
import { definition } from '../src/definition.ts'
import { graph, type ModuleName, moduleNames } from '../src/modules.ts'
import { closeOnSignals } from '../src/signals.ts'

async function work(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { topology: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
  })
  if (values.help) {
    process.stdout.write(`Usage: npm run worker [-- --topology FILE] [MODULE …]\nModules: ${moduleNames.join(', ')}\n`)
    return
  }
  const unknown = positionals.find((name) => !(moduleNames as string[]).includes(name))
  if (unknown !== undefined) throw new Error(`There is no module ${unknown}. There are ${moduleNames.join(', ')}.`)
  const config = processConfig()
  const log = createLog({ level: config.logLevel, name: 'worker' })
  const topology = values.topology === undefined ? oneProcess : await readTopology(values.topology, moduleNames)
  const place = placeOf(
    topology,
    topology.processes['hall'] ? 'hall' : Object.keys(topology.processes)[0]!,
    moduleNames,
  )
  const modules = (positionals.length > 0 ? positionals : place.modules) as ModuleName[]
  const elsewhere = reachFrom(topology, modules)
  const signals = closeOnSignals(log, config)
  const worker = await openProcess({
    config,
    log,
    definition,
    place: { ...place, modules, elsewhere, gateway: false, url: undefined },
    duties: allDuties,
  })
  signals.closes(worker)
  process.stdout.write(`Markethall's worker is ready: ${modules.join(', ')}\n`)
}

/** Where the topology has the modules that are not worked here. Throws where one that is needed has no address. */
function reachFrom(topology: Topology, modules: readonly ModuleName[]): Map<string, string> {
  const places = Object.keys(topology.processes).map((name) => placeOf(topology, name, moduleNames))
  const hosted = places.flatMap(({ modules: here, url }) =>
    url === undefined ? [] : here.map((name) => [name, url] as const),
  )
  const elsewhere = new Map<string, string>(hosted.filter(([name]) => !(modules as string[]).includes(name)))
  for (const module of modules) {
    const needed = [...graph[module].calls, ...sourcesOf(graph, module)]
    const missing = needed.find((name) => !(modules as string[]).includes(name) && !elsewhere.has(name))
    if (missing === undefined) continue
    throw new Error(
      `${module} needs ${missing}, which this worker neither works nor can reach. ` +
        'Name it too, or give a --topology in which it has a url.',
    )
  }
  return elsewhere
}

work().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
