import type { Command } from 'commander'
import { parseHallUrl } from './options.ts'
import type { Tool } from './tool.ts'

export function register(program: Command, tool: Tool): void {
  const audit = program.command('audit').description('looks after the record of who did what')
  audit
    .command('verify')
    .description('follows the hash chain from its beginning; ends with 1 if an entry was changed, removed or added')
    .option('--url <url>', 'the hall to ask, for example http://127.0.0.1:4000', parseHallUrl)
    .option('--json', 'end with one line of JSON')
    .action((options: { url?: string; json?: true }) => verifyAudit(tool, options))
}

async function verifyAudit(tool: Tool, { url, json }: { url?: string; json?: true }): Promise<void> {
  await using hall = await tool.connect({ ...(url !== undefined && { url }) })
  const verdict = await hall.audit.verify()
  const intact = verdict.brokenAt === null
  const sentence = intact
    ? `The audit record is intact: ${verdict.entries} entries, each linked to the one before it.`
    : `The audit record is broken at entry ${verdict.brokenAt} of ${verdict.entries}. Compare it with a backup from before.`
  tool.terminal.out(json === true ? JSON.stringify({ intact, ...verdict }) : sentence)
  if (!intact) tool.exitWith(1)
}
