import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import { type Change, changesBetween } from '../contract-files/changes.ts'
import { brokenBy } from '../contract-files/concerned.ts'
import { withdrawnFile } from '../contract-files/contract-file.ts'
import { graph } from '../modules.ts'
import { CommandError } from './command-error.ts'
import { contractsAt } from './contracts/at-revision.ts'
import type { Tool } from './tool.ts'

const FAILED = 1
const root = join(import.meta.dirname, '..', '..')

type Asked = { against?: string; json?: true }
/** What breaks somebody, and whom; and what is taken back on purpose, for a reason. */
type Told = Omit<Change, 'breaks'> & { breaks: string[]; withdrawn?: string }

export function register(program: Command, tool: Tool): void {
  program
    .command('contracts')
    .description('what the modules promise each other and their clients')
    .command('check')
    .description('tells what has changed in the contracts, and ends with 1 if it breaks somebody: it says whom')
    .option(
      '--against <revision>',
      'the commit, branch or tag to compare this tree with; without it the last commit in common with main',
    )
    .option('--json', 'print one line of JSON and nothing else')
    .addHelpText(
      'after',
      '\nCompared are what the sources of this tree promise and contracts/*.json as committed at the revision. Without --against that is the\n' +
        'last commit that HEAD has in common with origin/main, or with main: on main itself HEAD, as also where there is neither.\n' +
        `What is taken back on purpose, now that nobody uses it, stands in ${withdrawnFile}, as "<operation, event or job>": "why".`,
    )
    .action((options: Asked) => check(tool, options))
}

async function check({ terminal, exitWith }: Tool, { against, json }: Asked): Promise<void> {
  const committed = await contractsAt(root, against)
  const withdrawn = await readWithdrawn()
  // Loads the contracts of all modules, which no other command needs.
  const { contractsOfThisTree } = await import('../contract-files/promises.ts')
  const changes = changesBetween(committed.files, await contractsOfThisTree()).map((change): Told => {
    const breaks = brokenBy(change, graph)
    const why = breaks.length > 0 ? withdrawn[change.name] : undefined
    return { ...change, breaks, ...(why !== undefined && { withdrawn: why }) }
  })
  const breaking = changes.filter(({ breaks, withdrawn: why }) => breaks.length > 0 && why === undefined)
  if (breaking.length > 0) exitWith(FAILED)
  if (json === true) {
    const compatible = changes.filter((change) => !breaking.includes(change))
    return terminal.out(JSON.stringify({ against: committed.commit, breaking, compatible }))
  }
  const spent = Object.keys(withdrawn).filter(
    (name) => !changes.some(({ name: changed, withdrawn: why }) => changed === name && why),
  )
  for (const line of describe(changes, committed.label)) terminal.out(line)
  for (const name of spent)
    terminal.out(`${withdrawnFile} names ${name}, of which nothing is taken back any more: take it out.`)
}

function describe(changes: readonly Told[], label: string): string[] {
  const groups: [string, Told[]][] = [
    ['Breaking', changes.filter(({ breaks, withdrawn }) => breaks.length > 0 && withdrawn === undefined)],
    ['Taken back on purpose', changes.filter(({ withdrawn }) => withdrawn !== undefined)],
    ['Compatible', changes.filter(({ breaks }) => breaks.length === 0)],
  ]
  const told = groups
    .filter(([, those]) => those.length > 0)
    .flatMap(([title, those]) => ['', `${title} (${those.length}):`, ...those.flatMap(sentencesOf)])
  return [`Compared with ${label}${changes.length === 0 ? ': the contracts are the same.' : '.'}`, ...told]
}

function sentencesOf({ name, path, was, is, why, breaks, withdrawn }: Told): string[] {
  const follows = [why, breaks.length > 0 ? `Breaks ${breaks.join(', ')}.` : '', withdrawn ? `Why: ${withdrawn}` : '']
  const said = follows.filter((each) => each !== '').join(' ')
  return [`  ${name}${path === '' ? '' : ` ${path}`}: was ${was}, is ${is}`, ...(said === '' ? [] : [`    ${said}`])]
}

/** What is taken back on purpose: names of operations, events and jobs, each with the reason. */
async function readWithdrawn(): Promise<Record<string, string>> {
  const path = join(root, withdrawnFile)
  if (!existsSync(path)) return {}
  try {
    return z.record(z.string(), z.string().min(1)).parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    const problem = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message
    throw new CommandError(`${withdrawnFile} is to be an object of names and reasons: ${problem}`)
  }
}
