/** Reads the text that Prometheus reads, and refuses what it would refuse. */

export type Labels = Readonly<Record<string, string>>
type Sample = { name: string; labels: Labels; value: number }

export type Exposition = {
  samples: readonly Sample[]
  /** The sum of all samples of this name that have these labels, and maybe others; undefined where there is none. */
  value(name: string, labels?: Labels): number | undefined
}

const types = ['counter', 'gauge', 'histogram', 'summary', 'untyped']
const metricName = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const sampleLine = new RegExp(`^(${metricName})(?:\\{(.*)\\})? (\\S+)$`)
const labelPair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y

/** Throws where a line is none of the format, a family is told twice or without its type, or a sample stands twice. */
export function readExposition(text: string): Exposition {
  if (!text.endsWith('\n')) throw new Error('The last line does not end.')
  const families = new Map<string, string>()
  const samples: Sample[] = []
  const seen = new Set<string>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue
    if (line.startsWith('# TYPE ')) {
      const [, , name = '', type = ''] = line.split(' ')
      if (families.has(name) || !types.includes(type)) throw new Error(`This type is none, or told twice: ${line}`)
      families.set(name, type)
      continue
    }
    const sample = sampleOf(line)
    assertOf(families, sample)
    const id = `${sample.name} ${Object.entries(sample.labels).map(String).toSorted().join('\n')}`
    if (seen.has(id)) throw new Error(`This sample stands twice: ${line}`)
    seen.add(id)
    samples.push(sample)
  }
  assertBuckets(families, samples)
  return {
    samples,
    value(name, labels = {}) {
      const found = samples.filter((sample) => sample.name === name && has(sample.labels, labels))
      return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0)
    },
  }
}

const has = (labels: Labels, wanted: Labels) => Object.entries(wanted).every(([name, value]) => labels[name] === value)

function sampleOf(line: string): Sample {
  const [, name, inside = '', number] = sampleLine.exec(line) ?? []
  if (name === undefined || number === undefined) throw new Error(`This is no sample: ${line}`)
  const told = /^[+-]?Inf$/.test(number) ? Number(number.replace('Inf', 'Infinity')) : Number(number)
  if (Number.isNaN(told) && !/^nan$/i.test(number)) throw new Error(`This is no number: ${line}`)
  const labels: Record<string, string> = {}
  labelPair.lastIndex = 0
  while (labelPair.lastIndex < inside.length) {
    const pair = labelPair.exec(inside)
    const [, label = '', value = ''] = pair ?? []
    if (!pair || label in labels) throw new Error(`These are no labels, or one stands twice: ${line}`)
    labels[label] = value
  }
  return { name, labels, value: told }
}

/** A sample belongs to a family that was told before it, and a counter says by its name that it is one. */
function assertOf(families: ReadonlyMap<string, string>, { name }: Sample): void {
  const type = families.get(name)
  if (type === 'counter' && !name.endsWith('_total')) throw new Error(`${name} counts, and its name does not say so.`)
  if (type !== undefined && type !== 'histogram') return
  const base = name.replace(/_(bucket|sum|count)$/, '')
  if (!['histogram', 'summary'].includes(families.get(base) ?? '')) throw new Error(`${name} has no type.`)
}

/** Buckets grow, and the last of them holds all. */
function assertBuckets(families: ReadonlyMap<string, string>, samples: readonly Sample[]): void {
  for (const family of [...families].flatMap(([name, type]) => (type === 'histogram' ? [name] : []))) {
    const buckets = samples.filter(({ name }) => name === `${family}_bucket`)
    const series = Map.groupBy(buckets, ({ labels }) => JSON.stringify({ ...labels, le: undefined }))
    for (const [labels, ofSeries] of series) {
      const bounds = ofSeries.map(({ labels: { le } }) => (le === '+Inf' ? Infinity : Number(le)))
      const values = ofSeries.map(({ value }) => value)
      const grows = (list: number[]) => list.every((each, index) => index === 0 || each >= list[index - 1]!)
      const count = samples.find(
        ({ name, labels: own }) => name === `${family}_count` && JSON.stringify(own) === labels,
      )
      if (!grows(bounds) || !grows(values) || bounds.at(-1) !== Infinity || count?.value !== values.at(-1))
        throw new Error(`The buckets of ${family}${labels} are no histogram.`)
    }
  }
}
