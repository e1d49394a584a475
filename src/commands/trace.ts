import type { Command } from 'commander'
import { causesAmong } from '#platform/trace/entries'
import { CommandError } from './command-error.ts'
import type { HallCalls } from './hall-calls.ts'
import { parseHallUrl } from './options.ts'
import type { Tool } from './tool.ts'

type Asked = { url?: string; json?: true }
type Trace = Awaited<ReturnType<HallCalls['audit']['trace']['query']>>
type Entry = Trace['entries'][number]

const transferredTextMax = 160

export function register(program: Command, tool: Tool): void {
  program
    .command('trace')
    .description('tells all that an order caused, in every module: calls, sagas, events, jobs, causes before effects')
    .argument('<order>', 'the id of an order, or of a request or a saga')
    .option('--url <url>', 'the hall to ask; without it the one on this machine', parseHallUrl)
    .option('--json', 'print one line of JSON and nothing else')
    .addHelpText('after', '\nThe key is HALL_KEY, or the owner’s key in DATA_DIR; it needs the permission audit:read.')
    .action((about: string, options: Asked) => trace(tool, about, options))
}

async function trace({ reach, terminal }: Tool, about: string, { url, json }: Asked): Promise<void> {
  const calls = await reach({ as: 'owner', ...(url !== undefined && { url }) })
  const told = await calls.audit.trace.query({ about })
  if (told.entries.length === 0 && told.missing.length === 0)
    throw new CommandError(`Nothing is known of ${about}. Give the id of an order (ord_…), of a saga or of a request.`)
  if (json === true) return terminal.out(JSON.stringify(told))
  for (const line of describe(told)) terminal.out(line)
}

function describe({ entries, isCut, missing }: Trace): string[] {
  const causeOf = causesAmong(entries)
  const begun = Math.min(...entries.map(({ at }) => Date.parse(at)))
  const depthOf = (entry: Entry, depth = 0): number => {
    const cause = causeOf(entry)
    return cause === undefined || depth > entries.length ? depth : depthOf(cause, depth + 1)
  }
  const lines = entries.map((entry) => {
    const { kind, name, initiator, caller, outcome, transferred } = entry
    const after = `+${Date.parse(entry.at) - begun} ms`.padStart(12)
    const who = [initiator && ('id' in initiator ? initiator.id : initiator.kind), caller && `by ${caller}`]
    const what = transferred.length > transferredTextMax ? `${transferred.slice(0, transferredTextMax)}…` : transferred
    return `${after}  ${'  '.repeat(depthOf(entry))}${kind} ${name}: ${outcome} (${who.filter(Boolean).join(', ')}) ${what}`
  })
  const cut = isCut ? ['There is more than is told here.'] : []
  const unasked =
    missing.length > 0 ? [`These could not be asked: ${missing.join(', ')}. Ask again once they answer.`] : []
  return [...lines, ...cut, ...unasked]
}
