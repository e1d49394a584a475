import { writeFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { graph, moduleNames } from '../modules.ts'
import { CommandError } from './command-error.ts'
import { edgesOf } from './graph/edges.ts'
import { clientEdges, type Measured, measure, trafficOn } from './graph/measured.ts'
import { mermaidOf } from './graph/mermaid.ts'
import { svgOf } from './graph/svg.ts'
import { describeDeclared, describeMeasured } from './graph/text.ts'
import { parseHallUrl } from './options.ts'
import type { Tool } from './tool.ts'

type Format = 'text' | 'json' | 'mermaid' | 'svg'
type Asked = { format: Format; out?: string; url?: string }

export function register(program: Command, tool: Tool): void {
  program
    .command('graph')
    .description('shows who calls, listens to and sends jobs to whom, and how much of it there is in a hall that runs')
    .addOption(new Option('--format <format>', 'how').choices(['text', 'json', 'mermaid', 'svg']).default('text'))
    .option('--out <file>', 'write it into a file')
    .option('--url <url>', 'the hall whose traffic to show; without it the one on this machine', parseHallUrl)
    .addHelpText(
      'after',
      '\nThe key is HALL_KEY, or the owner’s key in DATA_DIR; it needs the permission hall:operate.',
    )
    .action((options: Asked) => showGraph(tool, options))
}

async function showGraph(tool: Tool, { format, out, url }: Asked): Promise<void> {
  const { terminal } = tool
  const measurement = await measure(tool, url)
  const measured = 'measured' in measurement ? measurement.measured : undefined
  const text = formats[format](measured, terminal.columns)
  if (out === undefined) terminal.out(text)
  else await writeFile(out, `${text}\n`).catch((error: unknown) => Promise.reject(unwritable(out, error)))
  if ('unmeasured' in measurement) terminal.err(`\nNo traffic is shown. ${measurement.unmeasured}\n`)
}

const unwritable = (file: string, error: unknown) =>
  new CommandError(`${file} cannot be written: ${(error as Error).message}. See that its folder is there.`)

const formats: Record<Format, (measured: Measured | undefined, columns: number) => string> = {
  text: (measured, columns) =>
    (measured === undefined ? describeDeclared(graph, columns) : describeMeasured(graph, measured)).join('\n'),
  json: (measured) => JSON.stringify(jsonOf(measured)),
  mermaid: (measured) => mermaidOf(graph, measured).join('\n'),
  svg: (measured) => svgOf(graph, measured),
}

/** Everything that is known, edge by edge; `traffic` is null where nothing was measured. */
function jsonOf(measured: Measured | undefined): object {
  const edges = [...(measured ? clientEdges(measured) : []), ...edgesOf(graph)].map((edge) => ({
    ...edge,
    ...(measured && { traffic: trafficOn(edge, measured) ?? null }),
  }))
  return { modules: moduleNames, edges, traffic: measured ?? null }
}
