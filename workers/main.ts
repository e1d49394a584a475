/**
 * A process that only works the queues: of all modules, or of those named: `npm run worker -- orders reporting`.
 * It hosts the modules' code, and has no face of its own.
 */
import { parseArgs } from 'node:util'
import { processConfig } from '#platform/config'
import { openProcess } from '#platform/host/open-process'
import { oneProcess, placeOf, readTopology } from '#platform/host/topology'
import { createLog } from '#platform/log'
import { definition } from '../src/definition.ts'
import { moduleNames } from '../src/modules.ts'
import { closeOnSignals } from '../src/signals.ts'

async function work(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { topology: { type: 'string' } } })
  const unknown = positionals.find((name) => !(moduleNames as string[]).includes(name))
  if (unknown !== undefined) throw new Error(`There is no module ${unknown}. There are ${moduleNames.join(', ')}.`)
  const config = processConfig()
  const log = createLog({ level: config.logLevel, name: 'worker' })
  const topology = values.topology === undefined ? oneProcess : await readTopology(values.topology, moduleNames)
  const place = placeOf(topology, topology.processes['hall'] ? 'hall' : Object.keys(topology.processes)[0]!, moduleNames)
  const modules = positionals.length > 0 ? positionals : place.modules
  const signals = closeOnSignals(log)
  const worker = await openProcess({ config, log, definition, place: { ...place, modules, gateway: false, url: undefined }, works: true })
  signals.closes(worker)
  process.stdout.write(`Markethall's worker is ready: ${modules.join(', ')}\n`)
}

work().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
