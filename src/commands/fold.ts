import type { Command } from 'commander'
import { oneProcess } from '#platform/host/topology'
import { contextFrom, imageDefault } from './deploy.ts'
import { whatToRun } from './extract.ts'
import { folderDefault, topologyBefore, writeDeployment } from './extract/deployment.ts'
import { withoutProcessOf } from './extract/moves.ts'
import { parseModule } from './options.ts'
import type { Tool } from './tool.ts'

type Asked = { topology?: string; out: string; image: string; force?: true }

export function register(program: Command, tool: Tool): void {
  program
    .command('fold')
    .description('moves a module back into the hall: the way back from extract')
    .argument('<module>', 'the module, such as orders', parseModule)
    .option('--topology <file>', 'where it lives now; without it what --out holds')
    .option('--out <folder>', 'where extract wrote', folderDefault)
    .option('--image <name>', 'the image of the hall', imageDefault)
    .option('--force', 'write over files that were changed by hand, or that this tool did not make')
    .action((module: string, options: Asked) => fold(tool, module, options))
}

async function fold({ terminal }: Tool, module: string, { topology, out, image, force }: Asked): Promise<void> {
  const after = withoutProcessOf(await topologyBefore(topology, out), module)
  const folder = { path: out, image, context: contextFrom(out), force: force === true }
  const { written, removed } = await writeDeployment(after, folder)
  const files = [...written.map((path) => `  ${path} is written`), ...removed.map((path) => `  ${path} is removed`)]
  const run = after === oneProcess ? ['All is one process again: npm start'] : whatToRun(out, after)
  for (const line of [`${module} lives in the hall again; no source has changed.`, ...files, '', ...run])
    terminal.out(line)
}
