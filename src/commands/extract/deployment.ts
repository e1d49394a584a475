/** A folder with a topology and what runs it in containers, made by the tool. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { oneProcess, type Topology } from '#platform/host/topology'
import { composeText, policiesText, workloadsText } from '../deploy/files.ts'
import { printTopology, topologyIn } from '../topologies.ts'
import { writeGenerated } from './generated-files.ts'

export const folderDefault = 'deploy'

export type Folder = {
  path: string
  image: string
  /** Where the image is built from, as seen from the folder. */
  context: string
  force: boolean
}

const topologyName = 'topology.json'

/** The topology that counts: the given file, else the folder's, else one process. */
export async function topologyBefore(given: string | undefined, folder: string): Promise<Topology> {
  const own = join(folder, topologyName)
  return topologyIn(given ?? (existsSync(own) ? own : undefined))
}

export const topologyPathIn = (folder: string): string => join(folder, topologyName)

/** Makes the folder that of the topology. The one-process topology needs no file, and leaves none. */
export async function writeDeployment(topology: Topology, { path, image, context, force }: Folder) {
  if (topology === oneProcess) return writeGenerated(path, new Map(), { force })
  const text = printTopology(topology)
  await assertValid(text)
  const options = (name: string) => ({ image, context, file: join(path, name), madeBy: 'extract' })
  const files = new Map([
    [topologyName, text],
    ['compose.yaml', composeText(topology, options('compose.yaml'))],
    ['kubernetes.yaml', workloadsText(topology, options('kubernetes.yaml'))],
    ['network-policies.yaml', policiesText(topology, options('network-policies.yaml'))],
  ])
  return writeGenerated(path, files, { force })
}

/** Reads the topology as a process will, before anything is written where somebody looks. */
async function assertValid(text: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'markethall-topology-'))
  try {
    const file = join(folder, topologyName)
    await writeFile(file, text)
    await topologyIn(file)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
