/** The graph as a Mermaid flow chart, such as the map of the README is. */
import type { Graph } from '#platform/host/runtimes'
import { gatewayName, manyMin, modulesOf } from './edges.ts'
import { type Measured, requestsIn, trafficOn } from './measured.ts'

const whole = new Intl.NumberFormat('en-GB')

/** The lines of the chart. Where traffic was measured, it stands on the edges. */
export function mermaidOf(graph: Graph, measured?: Measured): string[] {
  const requests = measured === undefined ? 0 : requestsIn(measured)
  const doors = graph[gatewayName]?.calls.join(' & ') ?? ''
  return [
    'flowchart LR',
    `  clients([clients]) ${requests > 0 ? `-->|${whole.format(requests)} calls|` : '-->'} ${gatewayName}`,
    ...(doors === '' ? [] : [`  ${gatewayName} --> ${doors}`]),
    ...modulesOf(graph).flatMap((name) => [
      ...callsOf(graph, name, measured),
      ...listensOf(graph, name, measured),
      ...graph[name]!.sendsJobs.map((target) => `  ${name} ==>|jobs| ${target}`),
    ]),
  ]
}

function callsOf(graph: Graph, from: string, measured: Measured | undefined): string[] {
  const { calls } = graph[from]!
  if (measured === undefined) return calls.length > 0 ? [`  ${from} -->|calls| ${calls.join(' & ')}`] : []
  return calls.map((to) => {
    const { count = 0 } = trafficOn({ kind: 'calls', from, to }, measured) ?? {}
    return `  ${from} -->|${whole.format(count)} calls| ${to}`
  })
}

function listensOf(graph: Graph, to: string, measured: Measured | undefined): string[] {
  const { listens } = graph[to]!
  if (listens.length >= manyMin) return [`  everyone[every other module] -.->|events| ${to}`]
  return listens.map((from) => {
    const passed = measured && trafficOn({ kind: 'events', from, to }, measured)
    return `  ${from} -.->|${passed === undefined ? '' : `${whole.format(passed.count)} `}events| ${to}`
  })
}
