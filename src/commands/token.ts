import { type Command, InvalidArgumentError } from 'commander'
import { clientTokenMinutesMax, createClientToken } from '#platform/far/client-tokens'
import { loadHallSecret } from '#platform/secret'
import { type Actor, actor } from '#platform/values'
import { parseCount, parseModule } from './options.ts'
import type { Tool } from './tool.ts'

type Asked = { module: string; process?: string; actor?: Actor; minutes: number }

const minutesDefault = 10

export function register(program: Command, { terminal, config }: Tool): void {
  program
    .command('token')
    .description('prints a token with which a stock tRPC client calls processes of the hall as a module does')
    .requiredOption('--module <name>', 'the module in whose name it calls: it reaches what that may call', parseModule)
    .option(
      '--actor <json>',
      'for whom it calls, such as {"kind":"customer","id":"acc_…"}; the module itself',
      parseActor,
    )
    .option('--process <name>', 'whose name its certificate bears, where there are certificates; that of the module')
    .option('--minutes <count>', 'for how long', parseCount(clientTokenMinutesMax), minutesDefault)
    .addHelpText(
      'after',
      '\nIt goes into "Authorization: Bearer …" of requests to /trpc at the internal port of a process. The secret is HALL_SECRET, or hall.key in DATA_DIR.',
    )
    .action(async ({ module, process = module, actor: who, minutes }: Asked) => {
      const { dataDir, hallSecret } = config()
      const secret = await loadHallSecret({ dataDir, given: hallSecret })
      const asking = who ?? { kind: 'system', id: module }
      terminal.out(createClientToken(secret, { process, caller: module, actor: asking, minutes }))
    })
}

function parseActor(text: string): Actor {
  try {
    return actor.parse(JSON.parse(text))
  } catch {
    throw new InvalidArgumentError(
      'Give an actor as JSON: {"kind":"guest"}, {"kind":"customer","id":"acc_…"} or {"kind":"staff","id":"key_…","permissions":["orders:read"]}.',
    )
  }
}
