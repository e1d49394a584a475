import type { Command } from 'commander'
import type { AuditVerdict } from './audit-client.ts'
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
  tool.terminal.out(json === true ? JSON.stringify(verdict) : describe(verdict))
  if (!verdict.intact) tool.exitWith(1)
}

function describe({ entries, head, intact, firstBroken, behind }: AuditVerdict): string {
  if (!intact)
    return `The audit record is broken at entry ${firstBroken} of ${entries}. Compare it with a backup from before.`
  const waiting = behind > 0 ? ` ${behind} facts are still to be recorded.` : ''
  return `The audit record is intact: ${entries} entries, each linked to the one before it, the last one ${head}.${waiting}`
}
