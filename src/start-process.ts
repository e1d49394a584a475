/** Starts a process as its command line and its settings say, and ends it by a signal. */
import { parseArgs } from 'node:util'
import { processConfig } from '#platform/config'
import { allDuties, noDuties } from '#platform/events/duties'
import { askAs } from '#platform/host/gateway'
import { type HallProcess, openProcess } from '#platform/host/open-process'
import { oneProcess, placeOf, readTopology } from '#platform/host/topology'
import { createLog, type Log } from '#platform/log'
import { definition } from './definition.ts'
import { firstSteps } from './first-steps.ts'
import { frontPage } from './front-page.ts'
import { moduleNames } from './modules.ts'
import { ensureOwner, ownerKeyFile } from './owner.ts'
import { closeOnSignals } from './signals.ts'

/** Longer than a client needs to hear that its connection ends with the next answer. */
const lingerMs = 500
const usage = 'Usage: npm start [-- --topology FILE --process NAME]'

type Offers = {
  /** What a first start fills an empty hall with, where the public face is here. */
  offerDemo?: (hall: HallProcess, log: Log) => Promise<void>
}

/** Starts the process of this program; where that fails, says why, and ends the program with 1. */
export function startProcess(offers: Offers = {}): void {
  // Standard output may be gone before we are: whoever started us may have been killed.
  process.stdout.on('error', () => undefined)
  start(offers).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error)
    process.stderr.write(`${message}\n${isUsage(error) ? `${usage}\n` : ''}`)
    process.exit(1)
  })
}

async function start({ offerDemo }: Offers): Promise<void> {
  const { values } = parseArgs({
    options: {
      topology: { type: 'string' },
      process: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return say(usage)
  const config = processConfig()
  const log = createLog({ level: config.logLevel, name: values.process ?? 'hall' })
  const topology = values.topology === undefined ? oneProcess : await readTopology(values.topology, moduleNames)
  const place = placeOf(topology, values.process ?? 'hall', moduleNames)
  const signals = closeOnSignals(log, config)
  let url = config.publicUrl
  const page = () => frontPage(url, config.demo)
  const opened = { ...definition, page }
  const hall = await openProcess({
    config,
    log,
    definition: opened,
    place,
    duties: config.works ? allDuties : noDuties,
    lingerMs,
  })
  signals.closes(hall)
  url ??= hall.url
  if (place.modules.includes('identity')) {
    const base = {
      requestId: hall.newId('req', { module: 'gateway', requestId: '' }),
      traceparent: undefined,
      deadlineAt: Date.now() + 30_000,
    }
    const key = await ensureOwner(
      askAs({ contracts: definition.contracts, dispatch: hall.dispatch }, base),
      config.dataDir,
    )
    if (key !== undefined)
      say(`The owner's API key, shown this once and kept in ${config.dataDir}/${ownerKeyFile}: ${key}`)
  }
  if (hall.url !== undefined && config.demo) await offerDemo?.(hall, log)
  // Where the public face is elsewhere, only PUBLIC_URL can tell the modules here where that is.
  await hall.announceOpen(url)
  if (hall.url === undefined) return say(`Markethall's ${place.process} is ready at ${hall.internalUrl}`)
  say(`Markethall is open at ${hall.url}`)
  if (!config.demo) return
  say('Look, buy and see what was sold, in another terminal:')
  for (const line of Object.values(firstSteps({ url: hall.url, dataDir: config.dataDir }))) say(`  ${line}`)
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const isUsage = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
