/** What `/metrics` tells, as Prometheus knows it: families of samples, made from plain counts when somebody asks. */
import type { Histogram } from './histogram.ts'

export type Labels = Readonly<Record<string, string>>

export type Sample = { labels: Labels; value: number; metricName?: string }

export type Family = {
  name: string
  /** What it counts, for people. */
  help: string
  type: 'counter' | 'gauge' | 'histogram'
  /** What it is now. No two samples have the same labels. */
  samples(): readonly Sample[]
}

/** Families, and what must be looked at before they can tell: that never takes long, and never fails. */
export type Figures = { families: readonly Family[]; look?(): Promise<void> }

type Told = readonly [labels: Labels, value: number]

/** What only ever grows. */
export const counter = (name: string, help: string, told: () => readonly Told[]): Family => ({
  name,
  help,
  type: 'counter',
  samples: () => told().map(([labels, value]) => ({ labels, value })),
})

/** What goes up and down. */
export const gauge = (name: string, help: string, told: () => readonly Told[]): Family => ({
  ...counter(name, help, told),
  type: 'gauge',
})

/** Values by size. */
export const histogram = (
  name: string,
  help: string,
  told: () => readonly (readonly [labels: Labels, values: Histogram])[],
): Family => ({
  name,
  help,
  type: 'histogram',
  samples: () => told().flatMap(([labels, values]) => samplesOf(name, labels, values)),
})

function samplesOf(name: string, labels: Labels, { bounds, counts, sum }: Histogram): Sample[] {
  let count = 0
  const buckets = Array.from(counts, (own, place) => {
    count += own
    return { metricName: `${name}_bucket`, labels: { ...labels, le: String(bounds[place] ?? '+Inf') }, value: count }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}
