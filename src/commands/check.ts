import type { Command } from 'commander'
import { readinessOf } from './check/readiness.ts'
import { describeReadiness } from './check/text.ts'
import { withProcessOf } from './extract/moves.ts'
import { measure } from './graph/measured.ts'
import { parseHallUrl, parseModule } from './options.ts'
import type { Tool } from './tool.ts'
import { topologyIn } from './topologies.ts'

type Asked = { topology?: string; url?: string; json?: true }

export function register(program: Command, tool: Tool): void {
  program
    .command('check')
    .description('tells whether a module can leave, and what that would cost; ends with 1 if it cannot')
    .argument('<module>', 'the module, such as orders', parseModule)
    .option('--topology <file>', 'where it lives now; without it all is one process')
    .option('--url <url>', 'the hall whose traffic counts; without it the one on this machine', parseHallUrl)
    .option('--json', 'print one line of JSON and nothing else')
    .addHelpText(
      'after',
      '\nThe key is HALL_KEY, or the owner’s key in DATA_DIR; it needs the permission hall:operate.',
    )
    .action((module: string, options: Asked) => check(tool, module, options))
}

async function check(tool: Tool, module: string, { topology, url, json }: Asked): Promise<void> {
  const before = await topologyIn(topology)
  const after = withProcessOf(before, module)
  const measurement = await measure(tool, url)
  const readiness = await readinessOf({ module, before, after }, { config: tool.config(), measurement })
  if (readiness.verdict === 'not ready') tool.exitWith(1)
  if (json === true) return tool.terminal.out(JSON.stringify(readiness))
  for (const line of describeReadiness(readiness)) tool.terminal.out(line)
}
