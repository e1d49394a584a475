import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { CommandError } from './command-error.ts'
import { type HallCalls, keyed } from './hall-calls.ts'
import { parseHallUrl, parseModule } from './options.ts'
import { startProgressBar } from './progress-bar.ts'
import { repeatCall } from './repeat-call.ts'
import type { Tool } from './tool.ts'

const LOOK_MS = 250
/** A hall that restarts is waited for this long: its rebuild goes on meanwhile, or when it is back. */
const PATIENCE_MS = 60_000
const INTERRUPTED = 130

type Asked = { dryRun?: true; show?: true; url?: string; json?: true }
/** What the platform adds to every module; all have the same. */
type Operator = Pick<HallCalls['reporting'], 'rebuild' | 'rebuildShow' | 'deadList'>
type Rebuild = Awaited<ReturnType<Operator['rebuildShow']['query']>>
type Side = Rebuild['differences'][number]['onlyLive']

export function register(program: Command, tool: Tool): void {
  program
    .command('rebuild')
    .description(
      'makes again what a listener keeps, from the first event on, beside what is there, and puts it in place of that',
    )
    .argument('<listener>', 'the module that listens, such as reporting', parseModule)
    .option('--dry-run', 'only tell which rows would differ; ends with 1 if any would')
    .option('--show', 'begin nothing: tell how the newest rebuild stands, and follow it to its end')
    .option('--url <url>', 'the hall to ask; without it the one on this machine', parseHallUrl)
    .option('--json', 'end with one line of JSON')
    .addHelpText(
      'after',
      '\nThe key is HALL_KEY, or the owner’s key in DATA_DIR; it needs the permission hall:operate.\n' +
        'Ctrl-C ends the watching only: a rebuild goes on in the background.',
    )
    .action((module: string, options: Asked) => rebuild(tool, module, options))
}

async function rebuild(tool: Tool, module: string, { dryRun, show, url, json }: Asked): Promise<void> {
  const { terminal } = tool
  const signal = tool.interruption()
  const calls = await tool.reach({ as: 'owner', ...(url !== undefined && { url }) })
  const operator = (calls as unknown as Record<string, Operator>)[module]!
  const patient = { patienceMs: PATIENCE_MS, signal }
  const key = keyed(randomUUID())
  const begin = () =>
    show ? operator.rebuildShow.query({}) : operator.rebuild.mutate({ dryRun: dryRun ?? false }, key)
  const { id } = await repeatCall(begin, patient)
  const ended = await follow(tool, () => repeatCall(() => operator.rebuildShow.query({ id }), patient), signal)
  if (ended.state === 'running') {
    terminal.err(`It goes on in the background. To see how far it is: hall rebuild ${module} --show\n`)
    return tool.exitWith(INTERRUPTED)
  }
  const dead = ended.state === 'swapped' ? (await operator.deadList.query({})).dead : []
  const parked = dead.filter(({ kind }) => kind === 'event').length
  if (json) terminal.out(JSON.stringify({ module, ...ended, parked }))
  if (ended.state === 'failed') throw new CommandError(`${module} was not rebuilt: ${ended.failure}`)
  if (!json) for (const line of describe(module, ended, parked)) terminal.out(line)
  if (ended.differences.length > 0) tool.exitWith(1)
}

/** Draws how far it is until it has ended, or somebody has seen enough. */
async function follow({ terminal }: Tool, look: () => Promise<Rebuild>, signal: AbortSignal): Promise<Rebuild> {
  let seen = await look()
  const bar = startProgressBar(terminal, { noun: 'events', total: seen.total })
  try {
    while (seen.state === 'running' && !signal.aborted) {
      bar.update(seen.applied, seen.total)
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined)
      if (!signal.aborted) seen = await look()
    }
    return seen
  } finally {
    bar.clear()
  }
}

const count = new Intl.NumberFormat('en-GB')

/** How it ended, in sentences. */
function describe(module: string, { state, dryRun, total, differences }: Rebuild, parked: number): string[] {
  const made = `${count.format(total)} events`
  if (!dryRun) {
    const dead = `Keys that are parked: ${count.format(parked)}. See them with: hall dead list --module ${module}`
    return [`${module} was made again of ${made}, and that is in place.`, ...(parked > 0 ? [dead] : [])]
  }
  if (state === 'compared' && differences.length === 0)
    return [`${module} holds what ${made} make of it: not a row differs.`]
  const told = differences.flatMap(({ table, onlyLive, onlyRebuilt }) => [
    ...sentencesOn(table, onlyLive, 'that would go'),
    ...sentencesOn(table, onlyRebuilt, 'that would come'),
  ])
  return [`${module} does not hold what ${made} make of it:`, ...told]
}

function sentencesOn(table: string, { rows, samples }: Side, what: string): string[] {
  if (rows === 0) return []
  const more = rows > samples.length ? ['  …'] : []
  return [
    `${table}: ${count.format(rows)} ${rows === 1 ? 'row' : 'rows'} ${what}`,
    ...samples.map((row) => `  ${row}`),
    ...more,
  ]
}
