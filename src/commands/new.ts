import type { Command } from 'commander'
import { moduleNames } from '../modules.ts'
import { CommandError } from './command-error.ts'
import { makeModule } from './new/make-module.ts'
import { assertNewName } from './new/module-name.ts'
import type { Tool } from './tool.ts'

export function register(program: Command, tool: Tool): void {
  program
    .command('new')
    .description('begins something new in this tree')
    .command('module')
    .description('writes a small module that works, with its tests, and enters it wherever modules are named')
    .argument('<name>', 'one word in small letters, such as loyalty')
    .addHelpText(
      'after',
      `
The module has a table, a command, a query and an event. It passes npm run check and its tests as it is, and is there to be changed.
All of it is written, or nothing is. Before, ask whether one of these owns the noun already: ${moduleNames.join(', ')}.`,
    )
    .action((name: string) => newModule(tool, name))
}

async function newModule({ terminal, interruption }: Tool, name: string): Promise<void> {
  assertNewName(name, moduleNames)
  terminal.err(`Making ${name} …\n`)
  const { created, changed } = await makeModule(name, interruption()).catch((error: unknown) => {
    if (error instanceof CommandError) throw error
    throw new CommandError(`Nothing is written. ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  })
  for (const line of summaryOf(name, { created, changed })) terminal.out(line)
}

const summaryOf = (name: string, { created, changed }: { created: string[]; changed: string[] }): string[] => [
  `${name} is a module of this hall. Written:`,
  ...created.map((path) => `  ${path}`),
  'It is entered in:',
  ...changed.map((path) => `  ${path}`),
  '',
  'See that it works:',
  '  npm run check',
  `  npm run test -- src/modules/${name}`,
  'Then make it yours:',
  `  1. What does it own? An entry with a name, in src/modules/${name}/schema.ts, is only a beginning. Until it is committed, make its first`,
  `     migration anew: rm -r drizzle/${name} && npm run generate -- ${name} --name create_${name}`,
  `  2. What may be asked of it, and what does it announce? contract.ts and events.ts; npm run docs writes that down.`,
  '  3. Whom does it call or listen to? Say so in src/modules.ts.',
  'CONTRIBUTING.md has the steps for operations, events and jobs.',
]
