import { join } from 'node:path'
import type { Command } from 'commander'
import type { Topology } from '#platform/host/topology'
import { type Readiness, readinessOf } from './check/readiness.ts'
import { describeReadiness, priceOf, verdictSentence } from './check/text.ts'
import { CommandError } from './command-error.ts'
import { contextFrom, imageDefault } from './deploy.ts'
import { folderDefault, topologyBefore, topologyPathIn, writeDeployment } from './extract/deployment.ts'
import { withProcessOf } from './extract/moves.ts'
import { measure } from './graph/measured.ts'
import { parseHallUrl, parseModule } from './options.ts'
import type { Tool } from './tool.ts'

type Asked = { topology?: string; out: string; image: string; force?: true; url?: string }

export function register(program: Command, tool: Tool): void {
  program
    .command('extract')
    .description(
      'moves a module into a process of its own: checks it, and writes the topology and what runs it in containers',
    )
    .argument('<module>', 'the module, such as orders', parseModule)
    .option('--topology <file>', 'where it lives now; without it what --out holds, or else one process')
    .option('--out <folder>', 'where to write', folderDefault)
    .option('--image <name>', 'the image of the hall', imageDefault)
    .option('--force', 'write over files that were changed by hand, or that this tool did not make')
    .option('--url <url>', 'the hall whose traffic tells the price; without it the one on this machine', parseHallUrl)
    .action((module: string, options: Asked) => extract(tool, module, options))
}

async function extract(tool: Tool, module: string, { topology, out, image, force, url }: Asked): Promise<void> {
  const { terminal } = tool
  const before = await topologyBefore(topology, out)
  const after = withProcessOf(before, module)
  const measurement = await measure(tool, url)
  const readiness = await readinessOf({ module, before, after }, { config: tool.config(), measurement })
  if (readiness.verdict === 'not ready') {
    for (const line of describeReadiness(readiness)) terminal.out(line)
    throw new CommandError('Nothing is written.')
  }
  const folder = { path: out, image, context: contextFrom(out), force: force === true }
  const { written } = await writeDeployment(after, folder)
  for (const line of [...summaryOf(readiness, written), '', ...whatToRun(out, after), '', wayBack(module, out)])
    terminal.out(line)
}

const summaryOf = (readiness: Readiness, written: readonly string[]): string[] => [
  verdictSentence(readiness),
  ...priceOf(readiness),
  '',
  'Written; no source has changed:',
  ...written.map((path) => `  ${path}`),
]

/** The ways to run a topology, a line each to copy. */
export function whatToRun(folder: string, topology: Topology): string[] {
  const names = Object.keys(topology.processes).join(', ')
  return [
    `Run it (${names}) on this machine:`,
    `  npm run hall -- up ${topologyPathIn(folder)}`,
    'In containers on this machine:',
    `  docker compose --env-file compose.env -f ${join(folder, 'compose.yaml')} up --build --remove-orphans`,
    'On Kubernetes:',
    `  kubectl apply -f ${join(folder, 'kubernetes.yaml')} -f ${join(folder, 'network-policies.yaml')}`,
  ]
}

const wayBack = (module: string, folder: string): string =>
  `And back: npm run hall -- fold ${module}${folder === folderDefault ? '' : ` --out ${folder}`}`
