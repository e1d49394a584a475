import { randomUUID } from 'node:crypto'
import { type Command, InvalidArgumentError } from 'commander'
import { moduleNames } from '../modules.ts'
import { type HallCalls, keyed } from './hall-calls.ts'
import { parseHallUrl, parseModule } from './options.ts'
import { tableOf } from './table.ts'
import type { Tool } from './tool.ts'

type Asked = { url?: string; json?: true }
type Address = { module: string; id: string }
/** What the platform adds to every module; all have the same. */
type Operator = Pick<HallCalls['orders'], 'deadList' | 'deadShow' | 'deadRetry' | 'deadSkip'>
type Letter = Awaited<ReturnType<Operator['deadList']['query']>>['dead'][number] & { module: string }
type Outcome = Awaited<ReturnType<Operator['deadRetry']['mutate']>>

const because = 'why; the audit keeps it with your name'

export function register(program: Command, tool: Tool): void {
  const dead = program
    .command('dead')
    .description('shows what failed for good (events, jobs, sagas), tries it again, or gives it up')
  const add = (usage: string, description: string) =>
    dead
      .command(usage)
      .description(description)
      .option('--url <url>', 'the hall to ask; without it the one on this machine', parseHallUrl)
      .option('--json', 'print one line of JSON and nothing else')
      .addHelpText(
        'after',
        '\nThe key is HALL_KEY, or the owner’s key in DATA_DIR; it needs the permission hall:operate.',
      )
  add('list', 'lists what failed for good, oldest first; of events the first of each key')
    .option('--module <module>', 'only what failed in this module', parseModule)
    .action((options: Asked & { module?: string }) => list(tool, options))
  add('show', 'shows one of them whole, without what is sensitive')
    .argument('<id>', 'as the list shows it, such as reporting/event:orders:3:118', parseAddress)
    .action((address: Address, options: Asked) => show(tool, address, options))
  const retry: Command = add('retry', 'tries one again, or all; what stands behind an event follows it, in order')
    .argument('[id]', 'as the list shows it', parseAddress)
    .option('--all', 'everything that failed')
    .option('--module <module>', 'with --all: only what failed in this module', parseModule)
    .action((address: Address | undefined, options: Asked & { all?: true; module?: string }) => {
      if ((address === undefined) === (options.all === undefined)) retry.error('error: name one, or give --all.')
      return again(tool, address, options)
    })
  add('skip', 'gives one up for good: an event is passed over, and what stands behind it is applied')
    .argument('<id>', 'as the list shows it', parseAddress)
    .requiredOption('--because <text>', because)
    .action((address: Address, options: Asked & { because: string }) => skip(tool, address, options))
}

function parseAddress(text: string): Address {
  const slash = text.indexOf('/')
  if (slash < 1) throw new InvalidArgumentError('It begins with its module, such as reporting/event:orders:3:118.')
  return { module: parseModule(text.slice(0, slash)), id: text.slice(slash + 1) }
}

const reach = (tool: Tool, { url }: Asked): Promise<HallCalls> =>
  tool.reach({ as: 'owner', ...(url !== undefined && { url }) })

const operatorOf = (calls: HallCalls, module: string): Operator =>
  (calls as unknown as Record<string, Operator>)[module]!

async function lettersOf(calls: HallCalls, module: string | undefined): Promise<Letter[]> {
  const modules = module === undefined ? moduleNames : [module]
  const lists = modules.map(async (name) => {
    const { dead } = await operatorOf(calls, name).deadList.query({})
    return dead.map((letter) => ({ ...letter, module: name }))
  })
  return (await Promise.all(lists)).flat().toSorted((one, other) => (one.since < other.since ? -1 : 1))
}

const addressOf = ({ module, id }: Address): string => `${module}/${id}`

async function list(tool: Tool, options: Asked & { module?: string }): Promise<void> {
  const letters = await lettersOf(await reach(tool, options), options.module)
  const { terminal } = tool
  if (options.json === true) return terminal.out(JSON.stringify({ dead: letters }))
  if (letters.length === 0) return terminal.out('Nothing failed for good.')
  const rows = letters.map((letter) => [
    addressOf(letter),
    letter.name,
    String(letter.attempts),
    String(letter.behind),
    letter.since,
    letter.reason,
  ])
  for (const line of tableOf([['Id', 'What', 'Tries', 'Behind it', 'Since', 'Reason'], ...rows])) terminal.out(line)
}

async function show(tool: Tool, address: Address, options: Asked): Promise<void> {
  const shown = await operatorOf(await reach(tool, options), address.module).deadShow.query({ id: address.id })
  const { terminal } = tool
  if (options.json === true) return terminal.out(JSON.stringify(shown))
  const { name, key, reason, attempts, since, behind, stack, content } = shown
  terminal.out(`${addressOf(address)}: ${name}, key ${key}, tried ${attempts} times, since ${since}`)
  if (behind > 0) terminal.out(`Behind it wait ${behind} later events of its key.`)
  terminal.out(`\n${stack ?? reason}\n`)
  terminal.out(JSON.stringify(JSON.parse(content), undefined, 2))
}

async function again(tool: Tool, address: Address | undefined, options: Asked & { module?: string }): Promise<void> {
  const calls = await reach(tool, options)
  const addresses = address === undefined ? await lettersOf(calls, options.module) : [address]
  const told = []
  for (const { module, id } of addresses) {
    const outcome = await operatorOf(calls, module).deadRetry.mutate({ id }, keyed(randomUUID()))
    told.push({ id: addressOf({ module, id }), ...outcome })
  }
  tell(tool, told, options)
}

async function skip(tool: Tool, address: Address, options: Asked & { because: string }): Promise<void> {
  const { module, id } = address
  const operator = operatorOf(await reach(tool, options), module)
  const outcome = await operator.deadSkip.mutate({ id, because: options.because }, keyed(randomUUID()))
  tell(tool, [{ id: addressOf(address), ...outcome }], options)
}

function tell(tool: Tool, told: (Outcome & { id: string })[], { json }: Asked): void {
  const failed = told.filter(({ failedAgain }) => failedAgain !== null)
  if (failed.length > 0) tool.exitWith(1)
  if (json === true) return tool.terminal.out(JSON.stringify({ done: told }))
  if (told.length === 0) tool.terminal.out('Nothing failed for good.')
  for (const outcome of told) tool.terminal.out(describe(outcome))
}

function describe({ id, applied, failedAgain }: Outcome & { id: string }): string {
  const [module] = id.split('/')
  if (failedAgain !== null)
    return `${id}: ${applied} applied, then ${module}/${failedAgain.id} failed again: ${failedAgain.reason}`
  return id.includes('/event:')
    ? `${id}: ${applied} applied.`
    : `${id}: done; what is to follow does so in the background.`
}
