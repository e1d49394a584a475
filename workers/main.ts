/**
 * A process that only does background work: of all modules, or of those named: `npm run worker -- orders payments`; all of it,
 * or some of its duties: `npm run worker -- --only schedules`. It has no face of its own. What its modules call or listen to
 * and the topology gives no address is hosted here too, without being worked.
 */
import { parseArgs } from 'node:util'
import { processConfig } from '#platform/config'
import { dutiesNamed, dutyWords } from '#platform/events/duties'
import { openProcess } from '#platform/host/open-process'
import { sourcesOf } from '#platform/host/runtimes'
import { elsewhereFor, oneProcess, placeOf, readTopology } from '#platform/host/topology'
import { createLog } from '#platform/log'
import { definition } from '../src/definition.ts'
import { graph, type ModuleName, moduleNames } from '../src/modules.ts'
import { closeOnSignals } from '../src/signals.ts'

const usage = [
  'Usage: npm run worker [-- [--topology FILE] [--only DUTY …] [MODULE …]]',
  `Modules: ${moduleNames.join(', ')}`,
  'Duties, all of them unless some are named; two processes of each are safe:',
  ...Object.entries(dutyWords).map(([duty, words]) => `  ${duty.padEnd(10)} ${words}`),
].join('\n')

async function work(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      topology: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(`${usage}\n`)
    return
  }
  const duties = dutiesNamed(values.only)
  const unknown = positionals.find((name) => !(moduleNames as string[]).includes(name))
  if (unknown !== undefined) throw new Error(`There is no module ${unknown}. There are ${moduleNames.join(', ')}.`)
  const config = processConfig()
  const log = createLog({ level: config.logLevel, name: 'worker' })
  const topology = values.topology === undefined ? oneProcess : await readTopology(values.topology, moduleNames)
  const [face] = Object.entries(topology.processes).find(([, { gateway }]) => gateway)!
  const place = placeOf(topology, face, moduleNames)
  // Unless some are named, those that live with the public face; where none does, all.
  const beside = place.modules.length > 0 ? place.modules : moduleNames
  const worked = [...new Set(positionals.length > 0 ? positionals : beside)] as ModuleName[]
  const everywhere = [...elsewhereFor(topology, undefined, moduleNames)]
  const elsewhere = new Map(everywhere.filter(([name]) => !(worked as string[]).includes(name)))
  const needed = neededBy(worked).filter((name) => !worked.includes(name) && !elsewhere.has(name))
  const signals = closeOnSignals(log, config)
  const worker = await openProcess({
    config,
    log,
    definition,
    place: { ...place, modules: [...worked, ...needed], elsewhere, gateway: false, face: undefined },
    duties,
    works: worked,
  })
  signals.closes(worker)
  const part = values.only.length === 0 ? '' : ` (${[...duties].join(', ')})`
  process.stdout.write(`Markethall's worker is ready: ${worked.join(', ')}${part}\n`)
}

/** Whom the modules call, whose journals they read, and whom those call in turn. */
function neededBy(worked: readonly ModuleName[]): ModuleName[] {
  const needed = new Set<ModuleName>()
  const need = (name: ModuleName) => {
    if (needed.has(name)) return
    needed.add(name)
    graph[name].calls.forEach(need)
  }
  for (const name of worked) [...graph[name].calls, ...(sourcesOf(graph, name) as ModuleName[])].forEach(need)
  return [...needed]
}

work().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
