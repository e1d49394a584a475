/**
 * Who plays in a chaos run: the programs of the hall, by names of their own. Without a topology two with the public face and two
 * workers; with one, all its processes, that with the public face twice, and each does its own background work.
 */
import { readTopology, type Topology } from '#platform/host/topology'
import { moduleNames } from '../../src/modules.ts'

export type Member = {
  name: string
  kind: 'face' | 'process' | 'worker'
  /** Which process of the topology it is an instance of. */
  process?: string
  /** Whether others call it, which they do through a line of its name. */
  isCalled: boolean
}

export type Cast = { members: readonly Member[]; topology?: Topology }

/** Where everything is in one process. */
export const oneProcessCast: Cast = {
  members: [
    { name: 'api-1', kind: 'face', isCalled: false },
    { name: 'api-2', kind: 'face', isCalled: false },
    { name: 'worker-1', kind: 'worker', isCalled: false },
    { name: 'worker-2', kind: 'worker', isCalled: false },
  ],
}

/** What stands beside the hall, and may be struck too. */
export const outsiders = ['postgres', 'redis', 'provider'] as const

/** The cast of a topology file, with so many instances of each process. Throws a sentence where the file is not valid. */
export async function castOf(file: string, instances: number): Promise<Cast> {
  const topology = await readTopology(file, moduleNames)
  const members = Object.entries(topology.processes).flatMap(([process, { gateway = false, modules }]) => {
    const count = gateway ? 2 : instances
    return Array.from({ length: count }, (_, index): Member => ({
      name: count === 1 ? process : `${process}-${index + 1}`,
      kind: gateway ? 'face' : 'process',
      process,
      isCalled: modules.length > 0,
    }))
  })
  const names: string[] = [...outsiders, ...members.map(({ name }) => name)]
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new Error(`With ${file} two programs of the run would be called ${twice}: name the process otherwise.`)
  return { members, topology }
}
