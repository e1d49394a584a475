/**
 * Law 7: calls form no cycle. A module that waits for one that waits for it may wait until the deadline, once both have no
 * connection left; and nobody could say which of their processes is to start first.
 */
type Calls = Readonly<Record<string, { calls: readonly string[] }>>

/** The first circle of calls in a graph, from a module back to itself; undefined where there is none. */
export function callCycle(graph: Calls): string[] | undefined {
  const harmless = new Set<string>()
  const circleFrom = (name: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name]
    if (harmless.has(name)) return undefined
    for (const callee of graph[name]?.calls ?? []) {
      const circle = circleFrom(callee, [...trail, name])
      if (circle) return circle
    }
    harmless.add(name)
    return undefined
  }
  for (const name of Object.keys(graph)) {
    const circle = circleFrom(name, [])
    if (circle) return circle
  }
  return undefined
}

/** Throws a sentence that names the circle, where the calls of a graph form one. */
export function refuseCallCycle(graph: Calls): void {
  const circle = callCycle(graph)
  if (circle === undefined) return
  throw new Error(
    `The modules call each other in a circle: ${circle.join(' -> ')}. Take one of these calls out of the declared graph, ` +
      'such as by listening to events instead.',
  )
}
