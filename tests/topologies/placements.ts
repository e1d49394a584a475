/** The topologies that the same suite passes over, by their names. */
import { moduleNames } from '../../src/modules.ts'
import type { TopologyOptions } from '../processes/topology-file.ts'

export type Backend = 'postgres' | 'redis'
export const backends: readonly Backend[] = ['postgres', 'redis']

export type Placement = {
  name: string
  world: TopologyOptions & { provider?: 'elsewhere' }
  /** So many workers do all background work; without any, each process does its own. */
  workers?: number
}

export type Run = Placement & { backend: Backend }

const allOut = 'topologies/all-out.json'

export const placements: readonly Placement[] = [
  { name: 'one-process', world: {} },
  { name: 'separate-workers', world: { provider: 'elsewhere' }, workers: 2 },
  ...moduleNames.map((module) => ({ name: `${module}-out`, world: { outside: [module] } })),
  { name: 'all-out', world: { topology: allOut } },
  { name: 'all-out-two-of-each', world: { topology: allOut, instances: 2 } },
  { name: 'all-out-registered', world: { topology: allOut, instances: 2, registered: true } },
]

/** What every change must pass. */
const always: readonly Run[] = [
  ...runsOf(['one-process', 'orders-out', 'all-out'], ['postgres']),
  ...runsOf(['all-out'], ['redis']),
]

/** The names with what runs under each; with `names` empty all. Throws a sentence for one that there is not. */
export function runsOf(names: readonly string[], on: readonly Backend[]): Run[] {
  const unknown = names.find((name) => placements.every((placement) => placement.name !== name))
  if (unknown !== undefined)
    throw new Error(`There is no topology ${unknown}. There are ${placements.map(({ name }) => name).join(', ')}.`)
  const chosen = placements.filter(({ name }) => names.length === 0 || names.includes(name))
  return chosen.flatMap((placement) => on.map((backend) => ({ ...placement, backend })))
}

/** What the tests run: what `npm run test:topologies` chose, and else what every change must pass. */
export function chosenRuns(choice: string | undefined): readonly Run[] {
  if (choice === undefined) return always
  const { names, on } = JSON.parse(choice) as Choice
  return runsOf(names, on)
}

export type Choice = { names: readonly string[]; on: readonly Backend[] }
