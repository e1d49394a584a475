/**
 * Whether this process can do its work: `not ready` where it cannot (its own databases, or it is closing), `degraded` where it
 * serves and something else is wrong (the queues, which only hurry; processes with other modules). Whoever balances load
 * takes away a process that is not ready; one that is degraded would leave nobody behind it who could do better.
 */
import type { Placements } from '../calls/clients.ts'
import type { Carrier } from '../events/queues.ts'
import type { FarClient } from '../far/far-client.ts'
import { inTime, OpenQuestions } from '../in-time.ts'
import type { Hosted } from './runtimes.ts'

export type Readiness = { status: 'ready' | 'degraded' | 'not ready'; problems: string[] }

type ReadinessOptions = {
  hosted: ReadonlyMap<string, Hosted>
  /** The queues, where any are reached from here. */
  carrier(): Pick<Carrier, 'ping'> | undefined
  placements: Placements
  far: Pick<FarClient, 'ping'>
  /** The modules whose absence is told: all of the hall, or those that this process needs. */
  modules: readonly string[]
  isClosing(): boolean
}

const patienceMs = 2_000

/** Makes the function that looks; all who ask at the same time are told the same. */
export function createReadiness(options: ReadinessOptions): () => Promise<Readiness> {
  const questions = new OpenQuestions()
  let looking: Promise<Readiness> | undefined
  return () => (looking ??= look(options, questions).finally(() => (looking = undefined)))
}

async function look(
  { hosted, carrier, placements, far, modules, isClosing }: ReadinessOptions,
  questions: OpenQuestions,
): Promise<Readiness> {
  const databases = [...hosted].map(
    async ([
      module,
      {
        runtime: { database },
      },
    ]) => {
      const answers = () => questions.ask(database, () => database.pool.query('SELECT 1'))
      return (await succeeds(answers)) ? [] : [`the database of ${module} cannot be reached`]
    },
  )
  const processes = [...elsewhere(placements, modules)].map(async ([addresses, there]) =>
    (await oneLives(far, addresses)) ? [] : [`the process of ${there.join(', ')} cannot be reached`],
  )
  const queue = carrier()
  const queues = queue === undefined || (await succeeds(() => queue.ping())) ? [] : ['the queues cannot be reached']
  const serious = [isClosing() ? ['the hall is closing'] : [], ...(await Promise.all(databases))].flat()
  const problems = [...serious, ...queues, ...(await Promise.all(processes)).flat()]
  const status = serious.length > 0 ? 'not ready' : problems.length > 0 ? 'degraded' : 'ready'
  return { status, problems }
}

/** The processes of modules that are not here, by their addresses. */
function elsewhere(placements: Placements, modules: readonly string[]): Map<string, string[]> {
  const processes = new Map<string, string[]>()
  for (const module of modules) {
    const addresses = addressesOf(placements, module)?.join(' ')
    if (addresses !== undefined) processes.set(addresses, [...(processes.get(addresses) ?? []), module])
  }
  return processes
}

/** The addresses of a module that is not here; undefined where it is, or nowhere. */
export function addressesOf(placements: Placements, module: string): readonly string[] | undefined {
  try {
    const placement = placements.locate(module)
    return 'addresses' in placement ? placement.addresses.list : undefined
  } catch {
    // Placed nowhere: whoever calls it is told so.
    return undefined
  }
}

async function oneLives(far: Pick<FarClient, 'ping'>, addresses: string): Promise<boolean> {
  const lives = await Promise.all(
    addresses.split(' ').map(async (address) => address !== '' && (await far.ping(address))),
  )
  return lives.includes(true)
}

/** Whether it succeeds before our patience ends: what hangs is as bad as what fails. */
export const succeeds = async (attempt: () => Promise<unknown>): Promise<boolean> =>
  (await inTime(
    attempt().then(() => true),
    patienceMs,
  )) ?? false
