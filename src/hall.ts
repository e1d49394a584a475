/** The command-line tool. Each command is a file in `src/commands/` that registers itself; here they only meet. */
import { Command, CommanderError } from 'commander'
import { ConfigError, processConfig } from '#platform/config'
import * as audit from './commands/audit.ts'
import * as buy from './commands/buy.ts'
import * as check from './commands/check.ts'
import { CommandError } from './commands/command-error.ts'
import { connectHall, reachHall } from './commands/connect-hall.ts'
import * as contracts from './commands/contracts.ts'
import * as dead from './commands/dead.ts'
import * as deploy from './commands/deploy.ts'
import * as extract from './commands/extract.ts'
import * as fold from './commands/fold.ts'
import * as graph from './commands/graph.ts'
import * as look from './commands/look.ts'
import * as newCommand from './commands/new.ts'
import * as rebuild from './commands/rebuild.ts'
import * as reconcile from './commands/reconcile.ts'
import * as report from './commands/report.ts'
import { hallFailure } from './commands/repeat-call.ts'
import { processTerminal } from './commands/terminal.ts'
import * as token from './commands/token.ts'
import type { Tool } from './commands/tool.ts'
import * as trace from './commands/trace.ts'
import * as trade from './commands/trade.ts'
import * as up from './commands/up.ts'

const trading = [look, buy, report, trade]
const operating = [audit, dead, rebuild, trace, reconcile]
const moving = [graph, check, contracts, extract, fold, up, deploy, newCommand, token]

const DONE = 0
const FAILED = 1
const WRONGLY_USED = 2

/** Runs one command line (without node and script). Answers the exit code: 0 done, 1 failed, 2 wrongly used, 130 interrupted. */
export async function runHall(args: string[], tool: Omit<Tool, 'exitWith'>): Promise<number> {
  let exitCode = DONE
  const exitWith = (code: number) => {
    exitCode = code
  }
  try {
    await createProgram({ ...tool, exitWith }).parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    // Commander has said by then what is wrong, and ends asked-for help and version with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : WRONGLY_USED
    tool.terminal.err(`${explain(error)}\n`)
    return FAILED
  }
}

function createProgram(tool: Tool): Command {
  const { terminal } = tool
  const program = new Command('hall')
    .description('Markethall on the command line. Run it as: npm run hall -- <command>')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text),
      getErrHelpWidth: () => terminal.columns,
      getOutHelpWidth: () => terminal.columns,
    })
    .showHelpAfterError('Add --help to see how it is used.')
    .allowExcessArguments(true)
    .helpCommand(true)
    .action(() => {
      const [unknown] = program.args
      if (unknown !== undefined) program.error(`error: there is no command "${unknown}".`)
      program.outputHelp()
    })
  for (const command of [...trading, ...operating, ...moving]) command.register(program, tool)
  for (const command of program.commands) refuseExcess(command)
  return program
}

/** A command takes over from its parent that unknown words are let through, which only the program itself can answer. */
function refuseExcess(command: Command): void {
  command.allowExcessArguments(false)
  for (const nested of command.commands) refuseExcess(nested)
}

/** What went wrong, for a person: a stack trace only for what nobody expected. */
function explain(error: unknown): string {
  if (error instanceof CommandError || error instanceof ConfigError) return error.message
  const failure = hallFailure(error)
  if (failure?.code === undefined && failure !== undefined) {
    return `The hall does not answer: ${failure.message}. See that it runs, then run the command again.`
  }
  if (failure !== undefined) {
    const advice = failure.code === 'UNAUTHORIZED' ? ' Set HALL_KEY to a key of this hall.' : ''
    return `The hall refused: ${failure.message} (${failure.reason ?? failure.code})${advice}`
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** Turns the first Ctrl-C into an aborted signal; the second finds no listener and ends the process as usual. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  process.once('SIGINT', () => controller.abort())
  return controller.signal
}

if (import.meta.main) {
  const terminal = processTerminal()
  const config = processConfig
  process.exitCode = await runHall(process.argv.slice(2), {
    terminal,
    config,
    interruption,
    connect: (options) => connectHall({ ...options, config: config(), terminal }),
    reach: (options) => reachHall({ ...options, config: config() }),
  })
}
