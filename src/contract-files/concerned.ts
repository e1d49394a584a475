/** Who is concerned by a change, by name, as the declared graph has it. */
import type { Change, Concerned } from './changes.ts'

export type Graph = Record<
  string,
  { calls: readonly string[]; listens: readonly string[]; sendsJobs: readonly string[] }
>

/**
 * The names of those whom a change breaks, such as `checkout (calls orders)`; the gateway stands for every client outside. Whatever breaks
 * breaks somebody, if only whoever reads a journal later.
 */
export function brokenBy({ module, breaks }: Change, graph: Graph): string[] {
  const modules = Object.entries(graph).filter(([name]) => name !== 'gateway')
  const those = (edge: 'calls' | 'listens' | 'sendsJobs', verb: string) =>
    modules.filter(([, edges]) => edges[edge].includes(module)).map(([name]) => `${name} (${verb} ${module})`)
  const [callers, listeners] = [those('calls', 'calls'), those('listens', 'listens to')]
  const named: Record<Concerned, string[]> = {
    // An internal operation that no module calls is there for the gateway itself.
    callers: callers.length === 0 && !breaks.includes('clients') ? ['gateway'] : callers,
    clients: ['every client outside (gateway)'],
    listeners: listeners.length === 0 ? [`whoever reads the journal of ${module}`] : listeners,
    senders: those('sendsJobs', 'sends jobs to'),
    worker: [`${module} (works its queue)`],
  }
  return breaks.flatMap((concerned) => named[concerned])
}
