/** The declared graph as edges, in the direction in which something travels. */
import type { Graph } from '#platform/host/runtimes'

/** `calls`: from caller to callee. `events`: from who announces to who listens. `jobs`: from sender to who does them. */
export type Edge = { kind: 'calls' | 'events' | 'jobs'; from: string; to: string }

/** The name that the graph has for the public face. */
export const gatewayName = 'gateway'

/** A listener of (almost) everybody would hide the rest of the graph: it is drawn as one. */
export const manyMin = 5

/** Every edge of a graph, by the node that declares it. */
export function edgesOf(graph: Graph): Edge[] {
  return Object.entries(graph).flatMap(([name, { calls, listens, sendsJobs }]) => [
    ...calls.map((to): Edge => ({ kind: 'calls', from: name, to })),
    ...listens.map((from): Edge => ({ kind: 'events', from, to: name })),
    ...sendsJobs.map((to): Edge => ({ kind: 'jobs', from: name, to })),
  ])
}

/** The modules of a graph, in its order: all its nodes but the gateway. */
export const modulesOf = (graph: Graph): string[] => Object.keys(graph).filter((name) => name !== gatewayName)

/** How many calls away each node is from those that nobody calls, at most. Throws where calls form a circle. */
export function layersOf(graph: Graph): Map<string, number> {
  const layers = new Map<string, number>()
  const callersOf = (name: string) => Object.keys(graph).filter((other) => graph[other]!.calls.includes(name))
  const layerOf = (name: string, trail: readonly string[]): number => {
    if (trail.includes(name)) throw new Error(`Calls form a circle: ${[...trail, name].join(', ')}.`)
    const known = layers.get(name)
    if (known !== undefined) return known
    const layer = Math.max(-1, ...callersOf(name).map((caller) => layerOf(caller, [...trail, name]))) + 1
    layers.set(name, layer)
    return layer
  }
  for (const name of Object.keys(graph)) layerOf(name, [])
  return layers
}
