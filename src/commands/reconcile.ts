import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { type HallCalls, keyed } from './hall-calls.ts'
import { priceOf } from './money.ts'
import { parseHallUrl } from './options.ts'
import { tableOf } from './table.ts'
import type { Tool } from './tool.ts'

type Asked = { url?: string; json?: true }
type Reconciliation = Awaited<ReturnType<HallCalls['payments']['reconciliation']['query']>>
type Difference = Reconciliation['differences'][number]

/** Each kind of difference, for a person. */
const meanings: Record<Difference['kind'], string> = {
  unknown_here: 'not known here',
  unknown_there: 'not known to the provider',
  other_kind: 'another kind',
  other_currency: 'another currency',
  other_amount: 'another amount',
  not_decided_here: 'decided there, open here',
  other_status: 'another outcome',
  other_charge: 'another charge',
  not_booked: 'not in the ledger',
}

export function register(program: Command, tool: Tool): void {
  const reconcile = program
    .command('reconcile')
    .description("tells where the ledger and the payment provider's books differ")
  const add = (usage: string, options: { permission: string; isDefault?: true }) =>
    reconcile
      .command(usage, { isDefault: options.isDefault === true })
      .option('--url <url>', 'the hall to ask; without it the one on this machine', parseHallUrl)
      .option('--json', 'print one line of JSON and nothing else')
      .addHelpText(
        'after',
        `\nThe key is HALL_KEY, or the owner’s key in DATA_DIR; it needs the permission ${options.permission}.`,
      )
  add('show', { permission: 'payments:read', isDefault: true })
    .description('shows what differs (the default); ends with 1 if anything does, or the books cannot be compared')
    .option('--resolved', 'what differed once, and was resolved or accepted')
    .action((options: Asked & { resolved?: true }) => show(tool, options))
  add('accept', { permission: 'payments:reconcile' })
    .description('accepts a difference that will stay: it is open no longer. No money moves')
    .argument('<id>', 'as it is shown')
    .requiredOption('--because <text>', 'why; it is kept')
    .action((id: string, options: Asked & { because: string }) => accept(tool, id, options))
}

const reach = (tool: Tool, { url }: Asked): Promise<HallCalls> =>
  tool.reach({ as: 'owner', ...(url !== undefined && { url }) })

async function show(tool: Tool, options: Asked & { resolved?: true }): Promise<void> {
  const { payments } = await reach(tool, options)
  const told = await payments.reconciliation.query({ resolved: options.resolved === true })
  const { terminal } = tool
  if (told.open > 0 || told.problem !== null) tool.exitWith(1)
  if (options.json === true) return terminal.out(JSON.stringify(told))
  for (const line of [...describe(told), ...tableFor(told.differences)]) terminal.out(line)
}

async function accept(tool: Tool, id: string, options: Asked & { because: string }): Promise<void> {
  const { payments } = await reach(tool, options)
  await payments.acceptDifference.mutate({ id, because: options.because }, keyed(randomUUID()))
  tool.terminal.out(options.json === true ? JSON.stringify({ accepted: id }) : `${id}: accepted.`)
}

function describe({ compared, upToDateAt, problem, open }: Reconciliation): string[] {
  const count = compared.toLocaleString('en-GB')
  const upToDate = upToDateAt === null ? 'not to the end yet' : `to the end at ${upToDateAt}`
  const differing = open === 0 ? 'Nothing differs.' : `${open} ${open === 1 ? 'differs' : 'differ'}.`
  const trouble = problem === null ? [] : [`The provider's books cannot be read at the moment: ${problem}`]
  return [`${count} transactions of the provider were compared, ${upToDate}. ${differing}`, ...trouble]
}

function tableFor(differences: readonly Difference[]): string[] {
  if (differences.length === 0) return []
  const rows = differences.map((each) => [
    each.id,
    meanings[each.kind],
    each.reference ?? '–',
    sideOf(each.ours),
    sideOf(each.theirs),
    each.foundAt,
    each.because ?? '',
  ])
  return tableOf([['Id', 'What', 'Reference', 'Ours', 'Theirs', 'Since', ''], ...rows]).map((line) => line.trimEnd())
}

const sideOf = (side: Difference['theirs']): string =>
  side === null ? 'nothing' : `${side.kind} ${priceOf(side)} ${side.status ?? 'open'}`
