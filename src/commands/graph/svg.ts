/** The graph as a picture: SVG that needs nothing from anywhere. */
import type { Graph } from '#platform/host/runtimes'
import { type Edge, edgesOf, gatewayName, modulesOf } from './edges.ts'
import { type Box, type Layout, type Line, layOut, type Point } from './layout.ts'
import { type Measured, requestsIn, trafficOn } from './measured.ts'

const margin = 28
const barWidth = 84
const barGap = 96
const legendHeight = 64
const bulge = 46

const style = `
  svg { font: 13px system-ui, sans-serif; --paper: #fff; --ink: #1c2430; --soft: #eef2f7; --calls: #1f5fa8; --events: #8a5a00; --jobs: #a3195b }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #12161c; --ink: #e6ebf2; --soft: #232b36; --calls: #7db5f2; --events: #e0b050; --jobs: #f08fc0 }
  }
  text { fill: var(--ink) } .count { font-size: 10px }
  .box { fill: var(--soft); stroke: var(--ink); stroke-width: 1.2 }
  .line { fill: none; stroke-width: 1.5 }
  .calls { stroke: var(--calls) } .events { stroke: var(--events); stroke-dasharray: 5 4 } .jobs { stroke: var(--jobs); stroke-width: 3 }
  .head-calls { fill: var(--calls) } .head-events { fill: var(--events) } .head-jobs { fill: var(--jobs) }`

const whole = new Intl.NumberFormat('en-GB')

/**
 * Draws the graph: the gateway at the left and who listens to every module at the right, since arrows from and to everybody
 * would hide the rest; between them the modules. Where traffic was measured, an arrow ends with its count.
 */
export function svgOf(graph: Graph, measured?: Measured): string {
  const listeners = modulesOf(graph).filter((name) => hearsEverybody(graph, name))
  const nodes = modulesOf(graph).filter((name) => !listeners.includes(name))
  const edges = edgesOf(graph).filter(({ from, to }) => nodes.includes(from) && nodes.includes(to))
  const layout = layOut(graph, { nodes, edges })
  const left = margin + barWidth + barGap
  const width = left + layout.width + (barGap + barWidth) * Math.min(1, listeners.length) + margin
  const height = margin + layout.height + legendHeight
  const requests = measured === undefined ? 0 : requestsIn(measured)
  const bars = [
    barOf(gatewayName, { x: margin, layout, note: requests > 0 ? `${whole.format(requests)} calls` : '' }),
    arrowBetween({ x: margin + barWidth, y: margin + layout.height / 2 }, 'calls', 'calls every module'),
    ...(listeners.length > 0 ? listenerBars(listeners, { left, layout }) : []),
  ]
  const inside = [
    ...layout.lines.map((line) => lineOf(line, { left, measured })),
    ...layout.boxes.map((box) => boxOf(box, left)),
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    '<title>The modules of the hall: who calls, listens to and sends jobs to whom</title>',
    `<style>${style}\n</style>`,
    `<defs>${kinds.map(headOf).join('')}</defs>`,
    `<rect width="${width}" height="${height}" fill="var(--paper)"/>`,
    ...bars,
    ...inside,
    legend(height),
    '</svg>',
  ].join('\n')
}

const kinds: Edge['kind'][] = ['calls', 'events', 'jobs']

function hearsEverybody(graph: Graph, name: string): boolean {
  return modulesOf(graph).every((other) => other === name || graph[name]!.listens.includes(other))
}

const headOf = (kind: Edge['kind']): string =>
  `<marker id="head-${kind}" class="head-${kind}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" ` +
  'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z"/></marker>'

const round = (number: number): number => Math.round(number * 10) / 10

const textAt = ({ x, y }: Point, text: string, more = 'text-anchor="middle"'): string =>
  `<text x="${round(x)}" y="${round(y)}" ${more}>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`

function boxOf({ x, y, width, height, name }: Box, left: number): string {
  const corner = { x: round(left + x), y: round(margin + y) }
  return (
    `<rect class="box" x="${corner.x}" y="${corner.y}" width="${width}" height="${round(height)}" rx="7"/>` +
    textAt({ x: corner.x + width / 2, y: corner.y + height / 2 + 4.5 }, name)
  )
}

function barOf(name: string, { x, layout, note }: { x: number; layout: Layout; note: string }): string {
  const middle = { x: x + barWidth / 2, y: margin + layout.height / 2 + 4.5 }
  return (
    `<rect class="box" x="${round(x)}" y="${margin}" width="${barWidth}" height="${round(layout.height)}" rx="7"/>` +
    textAt(middle, name) +
    (note === '' ? '' : textAt({ x: middle.x, y: middle.y + 16 }, note, 'text-anchor="middle" class="count"'))
  )
}

function listenerBars(names: readonly string[], { left, layout }: { left: number; layout: Layout }): string[] {
  const x = left + layout.width
  return [
    barOf(names.join(', '), { x: x + barGap, layout, note: '' }),
    arrowBetween({ x, y: margin + layout.height / 2 }, 'events', 'hears every module'),
  ]
}

function arrowBetween({ x, y }: Point, kind: Edge['kind'], words: string): string {
  const [first = '', ...rest] = words.split(' ')
  const middle = x + barGap / 2
  return (
    `<path class="line ${kind}" marker-end="url(#head-${kind})" d="M${round(x + 8)} ${round(y)}H${round(x + barGap - 8)}"/>` +
    textAt({ x: middle, y: y - 8 }, first, 'text-anchor="middle" class="count"') +
    textAt({ x: middle, y: y + 16 }, rest.join(' '), 'text-anchor="middle" class="count"')
  )
}

function lineOf(
  { edge, points, bulges }: Line,
  { left, measured }: { left: number; measured: Measured | undefined },
): string {
  const placed = points.map(({ x, y }) => ({ x: left + x, y: margin + y }))
  const told = measured && trafficOn(edge, measured)
  const [before, end] = placed.slice(-2) as [Point, Point]
  const fromLeft = !bulges && before.x < end.x
  const anchor = fromLeft ? 'end' : 'start'
  const label = { x: end.x + (fromLeft ? -10 : 10), y: end.y - 3 }
  return (
    `<path class="line ${edge.kind}" marker-end="url(#head-${edge.kind})" d="${pathThrough(placed, bulges)}">` +
    `<title>${edge.from} to ${edge.to}: ${edge.kind}</title></path>` +
    (told === undefined ? '' : textAt(label, whole.format(told.count), `text-anchor="${anchor}" class="count"`))
  )
}

function pathThrough(points: readonly Point[], bulges: boolean): string {
  const [start, ...others] = points as [Point, ...Point[]]
  let path = `M${round(start.x)} ${round(start.y)}`
  let from = start
  for (const to of others) {
    const bend = (to.x - from.x) / 2
    const [first, second] = bulges ? [from.x + bulge, to.x + bulge] : [from.x + bend, to.x - bend]
    path += `C${round(first)} ${round(from.y)} ${round(second)} ${round(to.y)} ${round(to.x)} ${round(to.y)}`
    from = to
  }
  return path
}

function legend(height: number): string {
  const y = height - legendHeight / 2 + 8
  return kinds
    .map((kind, index) => {
      const x = margin + index * 130
      return (
        `<path class="line ${kind}" marker-end="url(#head-${kind})" d="M${x} ${y}H${x + 44}"/>` +
        textAt({ x: x + 52, y: y + 4.5 }, kind, 'text-anchor="start"')
      )
    })
    .join('')
}
