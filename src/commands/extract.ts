import { join } from 'node:path'
import type { Command } from 'commander'
import type { Topology } from '#platform/host/topology'
import type { ModuleName } from '../modules.ts'
import { type Readiness, readinessOf } from './check/readiness.ts'
import { describeReadiness, priceOf, verdictSentence } from './check/text.ts'
import { CommandError } from './command-error.ts'
import { contextFrom, imageDefault } from './deploy.ts'
import { folderDefault, topologyBefore, topologyPathIn, writeDeployment } from './extract/deployment.ts'
import { homeOf, isAlone, withProcessOf } from './extract/moves.ts'
import { assertFree, writeProject } from './extract/standalone/project.ts'
import { measure } from './graph/measured.ts'
import { parseHallUrl, parseModule } from './options.ts'
import type { Tool } from './tool.ts'

type Asked = { topology?: string; out: string; image: string; force?: true; url?: string; standalone?: string }

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
    .option(
      '--standalone <folder>',
      'write the module as a project of its own, too, into a folder that is new or empty',
    )
    .action((module: ModuleName, options: Asked) => extract(tool, module, options))
}

async function extract(tool: Tool, module: ModuleName, options: Asked): Promise<void> {
  const { terminal } = tool
  const { out, image, force, standalone } = options
  const config = tool.config()
  if (standalone !== undefined) assertFree(standalone)
  const before = await topologyBefore(options.topology, out)
  // A module that has moved already may become a project of its own later.
  const after = standalone !== undefined && isAlone(before, module) ? before : withProcessOf(before, module)
  const measurement = await measure(tool, options.url)
  const readiness = await readinessOf({ module, before, after }, { config, measurement })
  if (readiness.verdict === 'not ready') {
    for (const line of describeReadiness(readiness)) terminal.out(line)
    throw new CommandError('Nothing is written.')
  }
  const [process] = homeOf(after, module)
  const project =
    standalone === undefined
      ? undefined
      : await writeProject(standalone, { module, topology: after, process, dataDir: config.dataDir })
  const folder = { path: out, image, context: contextFrom(out), force: force === true }
  const { written } = await writeDeployment(after, folder).catch(async (error: unknown) => {
    await project?.remove()
    throw error
  })
  const there = project === undefined ? [] : [projectLine(standalone!, project)]
  const run =
    project === undefined ? whatToRun(out, after) : whatToRunApart({ out, standalone: standalone!, process }, after)
  for (const line of [...summaryOf(readiness, [...written, ...there]), '', ...run, '', wayBack(module, out)])
    terminal.out(line)
}

const projectLine = (folder: string, { files, contracts }: { files: number; contracts: string[] }): string => {
  const ofOthers = contracts.length === 0 ? '' : `, with the contracts of ${contracts.join(', ')}`
  return `${folder}: a project of its own (${files} files)${ofOthers}`
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

type Apart = { out: string; standalone: string; process: string }

/** The project in its folder, and each other process here. */
function whatToRunApart({ out, standalone, process }: Apart, { processes }: Topology): string[] {
  const others = Object.keys(processes).filter((name) => name !== process)
  return [
    'Install, check and start it there:',
    `  cd ${standalone} && npm ci && npm run check && npm test`,
    '  npm start',
    'And here the rest of the hall, each in a terminal of its own:',
    ...others.map((name) => `  npm start -- --topology ${topologyPathIn(out)} --process ${name}`),
    `Its image: docker build -t ${process} ${standalone}`,
  ]
}

const wayBack = (module: string, folder: string): string =>
  `And back: npm run hall -- fold ${module}${folder === folderDefault ? '' : ` --out ${folder}`}`
