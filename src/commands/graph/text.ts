/** The graph for a terminal: who calls, listens to and sends jobs to whom, and how much of it there was. */
import type { Graph } from '#platform/host/runtimes'
import { figuresOf } from '../table.ts'
import { type Edge, edgesOf, gatewayName, layersOf, modulesOf } from './edges.ts'
import { clientEdges, type Measured, trafficOn } from './measured.ts'

const verbs = { calls: 'calls', listens: 'listens to', sendsJobs: 'sends jobs to' } as const
const arrows = { calls: '→', events: '⇢', jobs: '⇒' }

/** The declared graph: a line for each thing that a module does with others, those that call first, from the top. */
export function describeDeclared(graph: Graph, columns: number): string[] {
  const layers = layersOf(graph)
  const isCaller = (name: string) => Number(graph[name]!.calls.length > 0)
  const names = Object.keys(graph).toSorted(
    (one, other) => isCaller(other) - isCaller(one) || isCaller(one) * (layers.get(one)! - layers.get(other)!),
  )
  const nameWidth = Math.max(...names.map(({ length }) => length))
  const verbWidth = Math.max(...Object.values(verbs).map(({ length }) => length))
  const indent = nameWidth + verbWidth + 4
  const lines = names.flatMap((name) => {
    const said = (Object.keys(verbs) as (keyof typeof verbs)[]).filter((verb) => graph[name]![verb].length > 0)
    return said.map((verb, index) => {
      const head = `${(index === 0 ? name : '').padEnd(nameWidth)}  ${verbs[verb].padEnd(verbWidth)}  `
      return head + wrapped(inWords(graph, { name, verb }), { indent, columns })
    })
  })
  const alone = modulesOf(graph).filter((name) => Object.values(graph[name]!).every(({ length }) => length === 0))
  const quiet = wrapped(`${alone.join(', ')}: ask nobody for anything`, { indent: 0, columns })
  return [
    `${modulesOf(graph).length} modules and the gateway`,
    '',
    ...lines,
    ...(alone.length === 0 ? [] : ['', quiet]),
  ]
}

function inWords(graph: Graph, { name, verb }: { name: string; verb: keyof typeof verbs }): string {
  const others = modulesOf(graph).filter((other) => other !== name)
  const meant = graph[name]![verb]
  return others.every((other) => meant.includes(other))
    ? `every ${name === gatewayName ? '' : 'other '}module`
    : meant.join(', ')
}

/** A text that goes on below its beginning where the line ends. */
function wrapped(text: string, { indent, columns }: { indent: number; columns: number }): string {
  const room = Math.max(20, columns - indent)
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!
    if (line !== '' && line.length + 1 + word.length > room) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.join(`\n${' '.repeat(indent)}`)
}

const whole = new Intl.NumberFormat('en-GB')

/** A duration for a person: `0.4 ms`, `31 ms`, `2.1 s`. */
export function durationOf(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`
  return `${ms >= 10 ? Math.round(ms) : ms.toFixed(1)} ms`
}

/** What was measured, edge by edge; edges without traffic are there too, since nobody uses them. */
export function describeMeasured(graph: Graph, measured: Measured): string[] {
  const layers = layersOf(graph)
  const declared = edgesOf(graph).filter(({ kind, from, to }) => !isGateways(kind, from, to))
  const ofGateway = edgesOf(graph).filter((edge) => {
    return edge.kind === 'calls' && edge.from === gatewayName && trafficOn(edge, measured)!.count > 0
  })
  const names = Object.keys(graph).toSorted((one, other) => layers.get(one)! - layers.get(other)!)
  const placeOf = ({ kind, from }: Edge) => kinds.indexOf(kind) * (names.length + 1) + names.indexOf(from)
  const edges = [...clientEdges(measured), ...ofGateway, ...declared].toSorted(
    (one, other) => placeOf(one) - placeOf(other),
  )
  const rows = edges.map((edge, index) => rowOf(edge, { measured, before: edges[index - 1] }))
  return [heading(measured), '', ...figuresOf([header, ...rows], 3), ...silence(measured)]
}

const kinds = ['calls', 'events', 'jobs']
const header = ['', '', '', 'count', 'a checkout', 'mean', 'longest']

/** The gateway asks for clients, who are told of by themselves; what it listens to only keeps its memory fresh. */
const isGateways = (kind: Edge['kind'], from: string, to: string): boolean =>
  (kind === 'calls' && from === gatewayName) || (kind === 'events' && to === gatewayName)

function heading({ since, processes, checkouts }: Measured): string {
  const where = processes === 1 ? 'one process' : `${processes} processes`
  const bought = `${whole.format(checkouts)} ${checkouts === 1 ? 'checkout' : 'checkouts'}`
  return `Measured in ${where} since ${since.slice(0, 16).replace('T', ' ')} UTC: ${bought}. Events are counted from the first on.`
}

function silence({ silent }: Measured): string[] {
  return silent.length > 0
    ? ['', `These did not answer, so what was called from there is missing: ${silent.join(', ')}.`]
    : []
}

function rowOf(edge: Edge, { measured, before }: { measured: Measured; before: Edge | undefined }): string[] {
  const { kind, from, to } = edge
  const told = trafficOn(edge, measured)
  const isNext = before?.from === from && before.kind === kind
  return [
    isNext ? '' : from,
    arrows[kind],
    to,
    kind === 'jobs' ? 'jobs' : whole.format(told?.count ?? 0),
    told?.perCheckout?.toFixed(1) ?? '',
    told?.meanMs === undefined ? '' : durationOf(told.meanMs),
    told?.maxMs === undefined ? '' : durationOf(told.maxMs),
  ]
}
