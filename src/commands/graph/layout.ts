/**
 * Where the modules stand in a picture of the graph: in columns, callers left of those whom they call, and in an order in
 * which neighbours stand near each other. An edge over several columns gets a place of its own in those between, so that it
 * runs behind no module.
 */
import { type Edge, layersOf } from './edges.ts'
import type { Graph } from '#platform/host/runtimes'

export type Point = { x: number; y: number }
export type Box = Point & { name: string; width: number; height: number }
/** An edge with the points that it runs through; `bulges` where it leaves and enters at the same side. */
export type Line = { edge: Edge; points: Point[]; bulges: boolean }
export type Layout = { boxes: Box[]; lines: Line[]; width: number; height: number }

const boxWidth = 124
const columnGap = 150
const rowGap = 26
const portGap = 15
const boxHeightMin = 40
const sweeps = 8

/** A module, or the place of an edge that passes by. */
type Node = { id: string; column: number; isBox: boolean; height: number; y: number }
/** A part of an edge, between two neighbouring columns or within one. */
type Part = { from: string; to: string }

/** Lays out the nodes and the edges between them. */
export function layOut(
  graph: Graph,
  { nodes: names, edges }: { nodes: readonly string[]; edges: readonly Edge[] },
): Layout {
  const columns = columnsOf(graph, { names, edges })
  const nodes = new Map<string, Node>(
    names.map((id) => [id, { id, column: columns.get(id)!, isBox: true, height: boxHeightMin, y: 0 }]),
  )
  const routes = edges.map((edge, index) => partsOf(routeOf(edge, { index, nodes })))
  const parts = routes.flat()
  for (const node of nodes.values()) if (node.isBox) node.height = heightOf(node, parts, nodes)
  const grid = Array.from(
    { length: Math.max(0, ...[...nodes.values()].map(({ column }) => column + 1)) },
    (_, column) => [...nodes.values()].filter((node) => node.column === column),
  )
  for (let sweep = 0; sweep < sweeps; sweep += 1) for (const column of grid) order(column, { nodes, parts })
  const height = place(grid)
  const width = grid.length * boxWidth + Math.max(0, grid.length - 1) * columnGap
  const boxes = [...nodes.values()]
    .filter(({ isBox }) => isBox)
    .map(({ id, column, y, height: own }) => ({ name: id, x: leftOf(column), y, width: boxWidth, height: own }))
  const lines = routes.map((route, index) => lineOf({ edge: edges[index]!, route }, { nodes, parts }))
  return { boxes, lines, width, height }
}

const leftOf = (column: number): number => column * (boxWidth + columnGap)

/** By calls; whoever only listens stands behind those whom it hears. */
function columnsOf(
  graph: Graph,
  { names, edges }: { names: readonly string[]; edges: readonly Edge[] },
): Map<string, number> {
  const own = Object.fromEntries(
    names.map((name) => [
      name,
      { ...graph[name]!, calls: graph[name]!.calls.filter((callee) => names.includes(callee)) },
    ]),
  )
  const layers = layersOf(own)
  const isInCalls = (name: string) =>
    edges.some(({ kind, from, to }) => kind === 'calls' && (from === name || to === name))
  for (const name of names) {
    const heard = edges.filter(({ to }) => to === name).map(({ from }) => layers.get(from)!)
    if (!isInCalls(name) && heard.length > 0) layers.set(name, Math.max(...heard) + 1)
  }
  return layers
}

/** The nodes that an edge goes through: its ends, and the places that it gets in the columns between. */
function routeOf({ from, to }: Edge, { index, nodes }: { index: number; nodes: Map<string, Node> }): string[] {
  const [first, last] = [nodes.get(from)!.column, nodes.get(to)!.column]
  const step = Math.sign(last - first)
  const between = Array.from(
    { length: Math.max(0, Math.abs(last - first) - 1) },
    (_, passed) => first + step * (passed + 1),
  )
  const places = between.map((column) => ({ id: `${index}:${column}`, column, isBox: false, height: portGap, y: 0 }))
  for (const passed of places) nodes.set(passed.id, passed)
  return [from, ...places.map(({ id }) => id), to]
}

const partsOf = (route: readonly string[]): Part[] => route.slice(1).map((to, index) => ({ from: route[index]!, to }))

type Net = { nodes: ReadonlyMap<string, Node>; parts: readonly Part[] }

/** At which side of a node a part ends that leads to another one: within a column, at the right. */
const sideOf = (node: Node, other: Node): 'left' | 'right' => (other.column < node.column ? 'left' : 'right')

/** The other ends of the parts at a side of a node, from top to bottom. */
function portsOf(node: Node, side: 'left' | 'right', { nodes, parts }: Net): { part: Part; other: Node }[] {
  return parts
    .filter(({ from, to }) => from === node.id || to === node.id)
    .map((part) => ({ part, other: nodes.get(part.from === node.id ? part.to : part.from)! }))
    .filter(({ other }) => sideOf(node, other) === side)
    .toSorted((one, two) => one.other.y - two.other.y)
}

function heightOf(node: Node, parts: readonly Part[], nodes: ReadonlyMap<string, Node>): number {
  const most = Math.max(...(['left', 'right'] as const).map((side) => portsOf(node, side, { nodes, parts }).length))
  return Math.max(boxHeightMin, (most + 1) * portGap)
}

/** Puts each node of a column near the middle of its neighbours. */
function order(column: Node[], { nodes, parts }: Net): void {
  const wanted = new Map(
    column.map((node) => {
      const ys = parts.flatMap(({ from, to }) => {
        if (from !== node.id && to !== node.id) return []
        const other = nodes.get(from === node.id ? to : from)!
        return other.column === node.column ? [] : [other.y + other.height / 2]
      })
      return [node.id, ys.length === 0 ? node.y + node.height / 2 : ys.reduce((sum, y) => sum + y, 0) / ys.length]
    }),
  )
  column.sort((one, two) => wanted.get(one.id)! - wanted.get(two.id)!)
  stack(column)
}

function stack(column: readonly Node[]): number {
  let y = 0
  for (const node of column) {
    node.y = y
    y += node.height + rowGap
  }
  const height = Math.max(0, y - rowGap)
  for (const node of column) node.y -= height / 2
  return height
}

/** Moves all columns so that the tallest begins at the top. Returns its height. */
function place(grid: readonly (readonly Node[])[]): number {
  const height = Math.max(0, ...grid.map(stack))
  for (const node of grid.flat()) node.y += height / 2
  return height
}

function lineOf({ edge, route }: { edge: Edge; route: readonly Part[] }, net: Net): Line {
  const { nodes } = net
  const points = route.flatMap((part) => {
    const [from, to] = [nodes.get(part.from)!, nodes.get(part.to)!]
    return [portAt(from, { other: to, part }, net), portAt(to, { other: from, part }, net)]
  })
  return { edge, points, bulges: nodes.get(edge.from)!.column === nodes.get(edge.to)!.column }
}

function portAt(node: Node, { other, part }: { other: Node; part: Part }, net: Net): Point {
  const side = sideOf(node, other)
  const x = leftOf(node.column) + (side === 'right' ? boxWidth : 0)
  if (!node.isBox) return { x, y: node.y + node.height / 2 }
  const ports = portsOf(node, side, net)
  const index = ports.findIndex((port) => port.part === part)
  return { x, y: node.y + (node.height * (index + 1)) / (ports.length + 1) }
}
