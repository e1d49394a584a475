/**
 * `hall up`: a whole topology on this machine, for trying it. One supervisor starts each process, shows what all of them
 * say, starts again what dies, and ends them all. Where it dies itself, they notice, and end.
 */
import { createInterface } from 'node:readline'
import { styleText } from 'node:util'
import type { Command } from 'commander'
import { acquirePostgres } from '#platform/data/embedded-postgres'
import { readTopology } from '#platform/host/topology'
import { createLog } from '#platform/log'
import { moduleNames } from '../modules.ts'
import { closeOnSignals } from '../signals.ts'
import { CommandError } from './command-error.ts'
import { parseCount } from './options.ts'
import type { Tool } from './tool.ts'
import { bringHome } from './up/bring-home.ts'
import { createChild, type Watcher } from './up/child.ts'
import { mergeLogs, type Paint } from './up/merged-log.ts'
import { type PlannedProcess, planProcesses } from './up/plan.ts'
import { refuseTakenPorts } from './up/ports.ts'
import { settingsForAll } from './up/shared-settings.ts'
import { createStatusTable, type StatusTable } from './up/status-table.ts'
import { superviseInWaves } from './up/supervisor.ts'

const workersMax = 16
/** The supervisor's own name, among those of its processes. */
const ownName = 'up'

export function register(program: Command, tool: Tool): void {
  program
    .command('up')
    .description('runs a whole topology on this machine, for trying it, until Ctrl-C')
    .argument('<topology>', 'the file, such as topologies/all-out.json')
    .option(
      '--workers <n>',
      'leave all background work to so many processes of their own; without, each process does its own',
      parseCount(workersMax),
    )
    .addHelpText(
      'after',
      `
The public face is at PORT; without DATABASE_URL, a PostgreSQL is started in DATA_DIR. A process that dies is started again.
Enter, or the signal USR1, shows what runs. Ctrl-C ends everything in order; a second one at once.`,
    )
    .action((file: string, { workers = 0 }: { workers?: number }) =>
      up(tool, file, workers).catch((error: unknown) => {
        throw new CommandError(error instanceof Error ? error.message : String(error), { cause: error })
      }),
    )
}

async function up({ config: read, terminal }: Tool, given: string, workers: number): Promise<void> {
  const config = read()
  if (!config.works && workers === 0)
    throw new Error('WORKERS is off, so nobody would do the background work. Give --workers 1, or remove WORKERS.')
  const topology = await readTopology(given, moduleNames)
  const home = await bringHome({ topology, file: given }, config.dataDir)
  await refuseTakenPorts(home.topology, config.port)
  const waves = planProcesses({ ...home, workers })
  const paint: Paint = (style, text) => styleText(style, text, { stream: process.stderr })
  const merged = mergeLogs([ownName, ...waves.flat().map(({ name }) => name)], terminal, paint)
  const log = createLog({ level: config.logLevel, destination: { write: (line) => merged.tell(ownName, line) } })
  const signals = closeOnSignals(log, config)
  await using opened = new AsyncDisposableStack()
  const databaseUrl = config.databaseUrl ?? opened.use(await acquirePostgres({ dataDir: config.dataDir, log })).url
  const settings = await settingsForAll(config, { databaseUrl, processes: waves.flat().length })
  let table: StatusTable | undefined
  const watch = ({ name, gateway }: PlannedProcess): Watcher => ({
    // What the public face says is for whoever started us, and for programs that wait for it.
    said: (stream, line) => (gateway && stream === 'out' ? terminal.out(line) : merged.tell(name, line)),
    changed: () => table?.changed(),
    failed: (how, delayMs) => log.warn({ how, delayMs }, `${name} ended by itself, and is started again`),
  })
  const children = waves.map((wave) => wave.map((planned) => createChild(planned, settings, watch(planned))))
  const supervisor = superviseInWaves(children)
  opened.defer(() => supervisor.close())
  process.once('exit', () => supervisor.kill())
  signals.closes({ close: () => opened.disposeAsync() })
  await supervisor.open()
  if (opened.disposed) return
  table = createStatusTable(children.flat(), terminal)
  opened.defer(() => void (table = undefined))
  table.show()
  showWhenAsked(() => table?.show())
  // From here on signals end it.
  await new Promise<never>(() => undefined)
}

function showWhenAsked(show: () => void): void {
  process.on('SIGUSR1', show)
  if (process.stdin.isTTY) createInterface({ input: process.stdin }).on('line', show)
}
