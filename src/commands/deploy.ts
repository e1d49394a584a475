import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { Command } from 'commander'
import { CommandError } from './command-error.ts'
import { composeText, type DeployOptions, kubernetesText } from './deploy/files.ts'
import type { Terminal } from './terminal.ts'
import type { Tool } from './tool.ts'
import { topologyIn } from './topologies.ts'

type Asked = { topology?: string; out?: string; image: string; force?: true }
type Target = 'compose' | 'kubernetes'

const projectRoot = join(import.meta.dirname, '../..')
const texts = { compose: composeText, kubernetes: kubernetesText }

/** The name that the image has where nobody says otherwise. */
export const imageDefault = 'markethall'

export function register(program: Command, { terminal }: Tool): void {
  const deploy = program.command('deploy').description('writes what runs a topology in containers')
  const add = (target: Target, description: string) =>
    deploy
      .command(target)
      .description(description)
      .option('--topology <file>', 'the topology; without it all is one process')
      .option('--out <file>', 'write it into a file')
      .option('--image <name>', 'the image of the hall', imageDefault)
      .option('--force', 'write over a file that holds something else')
      .action((options: Asked) => write(terminal, target, options))
  add('compose', 'a compose file: all of it on one machine, with PostgreSQL, Redis and the payment sandbox')
  add('kubernetes', 'manifests for Kubernetes, with network policies from the declared graph')
}

async function write(terminal: Terminal, target: Target, { topology: file, out, image, force }: Asked): Promise<void> {
  const topology = await topologyIn(file)
  const asked = ['deploy', target, ...(file === undefined ? [] : ['--topology', file])]
  const options: DeployOptions = {
    image,
    context: contextFrom(out === undefined ? projectRoot : dirname(out)),
    file: out ?? `${target}.yaml`,
    madeBy: asked.join(' '),
  }
  const text = texts[target](topology, options)
  if (out === undefined) return terminal.out(text.trimEnd())
  const there = await readFile(out, 'utf8').catch(() => undefined)
  if (there !== undefined && there !== text && force !== true)
    throw new CommandError(`${out} holds something else. Give another --out, or --force to write over it.`)
  await writeFile(out, text).catch((error: unknown) => {
    throw new CommandError(`${out} cannot be written: ${(error as Error).message}. See that its folder is there.`)
  })
  terminal.out(`${out} is written.`)
}

/** Where the image is built from, as seen from a folder. */
export function contextFrom(folder: string): string {
  const path = relative(folder, projectRoot)
  return path === '' ? '.' : path
}
