/**
 * Whether this process can do its work: `not ready` where it cannot (its own databases, or it is closing), `degraded` where it
 * serves and something else is wrong (the queues, which only hurry; processes with other modules). Whoever balances load
 * takes away a process that is not ready; one that is degraded would leave nobody behind it who could do better.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Directory } from '../calls/clients.ts'
import type { Carrier } from '../events/queues.ts'
import type { Hosted } from './runtimes.ts'

export type Readiness = { status: 'ready' | 'degraded' | 'not ready'; problems: string[] }

type ReadinessOptions = {
  hosted: ReadonlyMap<string, Hosted>
  carrier: Pick<Carrier, 'ping'> | undefined
  directory: Directory
  /** All modules of the hall. */
  modules: readonly string[]
  isClosing(): boolean
}

const patienceMs = 2_000

/** Makes the function that looks; all who ask at the same time are told the same. */
export function createReadiness(options: ReadinessOptions): () => Promise<Readiness> {
  let looking: Promise<Readiness> | undefined
  return () => (looking ??= look(options).finally(() => (looking = undefined)))
}

async function look({ hosted, carrier, directory, modules, isClosing }: ReadinessOptions): Promise<Readiness> {
  const databases = [...hosted].map(async ([module, { runtime }]) =>
    (await succeeds(() => runtime.database.pool.query('SELECT 1')))
      ? []
      : [`the database of ${module} cannot be reached`],
  )
  const processes = [...elsewhere(directory, modules)].map(async ([url, there]) =>
    (await succeeds(() => isWell(url))) ? [] : [`the process of ${there.join(', ')} cannot be reached`],
  )
  const queues = carrier === undefined || (await succeeds(() => carrier.ping())) ? [] : ['the queues cannot be reached']
  const serious = [isClosing() ? ['the hall is closing'] : [], ...(await Promise.all(databases))].flat()
  const problems = [...serious, ...queues, ...(await Promise.all(processes)).flat()]
  const status = serious.length > 0 ? 'not ready' : problems.length > 0 ? 'degraded' : 'ready'
  return { status, problems }
}

/** The processes of modules that are not here, by address. */
function elsewhere(directory: Directory, modules: readonly string[]): Map<string, string[]> {
  const processes = new Map<string, string[]>()
  for (const module of modules) {
    const url = urlOf(directory, module)
    if (url !== undefined) processes.set(url, [...(processes.get(url) ?? []), module])
  }
  return processes
}

function urlOf(directory: Directory, module: string): string | undefined {
  try {
    const placement = directory.locate(module)
    return 'url' in placement ? placement.url : undefined
  } catch {
    // Placed nowhere: whoever calls it is told so.
    return undefined
  }
}

async function isWell(url: string): Promise<void> {
  const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(patienceMs) })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`It answered ${response.status}.`)
}

/** Whether it succeeds before our patience ends: what hangs is as bad as what fails. */
export async function succeeds(attempt: () => Promise<unknown>): Promise<boolean> {
  const enough = new AbortController()
  const outcome = attempt().then(
    () => true,
    () => false,
  )
  const tooLong = delay(patienceMs, false, { signal: enough.signal, ref: false }).catch(() => false)
  const isGood = await Promise.race([outcome, tooLong])
  enough.abort()
  return isGood
}
