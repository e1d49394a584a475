/**
 * The figures of one process, as Prometheus reads them: ours, which are plain counts until somebody asks, and what Node tells of
 * itself. The library is loaded, and begins to watch the event loop, when somebody first asks.
 */
import type { Metric, Registry } from '@prometheus-io/client'
import type { Family, Figures } from './family.ts'

export type Told = { contentType: string; text: string }

export class Telemetry {
  readonly #figures: readonly Figures[]
  #registry: Promise<Registry> | undefined
  #telling: Promise<Told> | undefined

  constructor(figures: readonly Figures[]) {
    this.#figures = figures
  }

  /** What there is to tell now. All who ask at the same time are told the same. */
  tell(): Promise<Told> {
    return (this.#telling ??= this.#tell().finally(() => (this.#telling = undefined)))
  }

  async #tell(): Promise<Told> {
    const registry = await (this.#registry ??= openRegistry(this.#figures))
    await Promise.all(this.#figures.flatMap((each) => each.look?.() ?? []))
    return { contentType: registry.contentType, text: await registry.metrics() }
  }
}

async function openRegistry(figures: readonly Figures[]): Promise<Registry> {
  const { collectDefaultMetrics, Registry } = await import('@prometheus-io/client')
  const registry = new Registry()
  for (const { families } of figures) for (const family of families) registry.registerMetric(metricOf(family))
  collectDefaultMetrics({ register: registry })
  return registry
}

/** A family as the registry asks it. Its own classes count one by one, with labels that they check: ours are counted already. */
function metricOf({ name, help, type, samples }: Family): Metric<string> {
  const asked = { name, help, type, aggregator: 'sum', get: async () => ({ name, help, type, values: samples() }) }
  return asked as unknown as Metric<string>
}
