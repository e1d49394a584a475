/** The border that a module would get: which calls would cross it, and what that costs. */
import type { Graph } from '#platform/host/runtimes'
import { edgesOf, gatewayName } from '../graph/edges.ts'
import { type EdgeTraffic, type Measured, trafficOn } from '../graph/measured.ts'

/** What a call to another process takes more than one within, in milliseconds: the lone call of `npm run bench -- calls`. */
export const farCallMs = 0.25

/** An edge on which calls are near now, and would go from process to process. */
export type BorderEdge = { from: string; to: string; traffic: EdgeTraffic | undefined }

export type Border = {
  /** Between modules. */
  edges: BorderEdge[]
  /** What clients ask of the module, through the gateway; undefined where that is not near now, or nothing was measured. */
  clients: EdgeTraffic | undefined
  /** Calls between modules that each checkout would make over the border; undefined where no checkout was measured. */
  callsPerCheckout: number | undefined
}

/** `processOf`: where each module and the gateway live now. */
export function borderOf(
  module: string,
  { graph, processOf, measured }: { graph: Graph; processOf: (name: string) => string; measured: Measured | undefined },
): Border {
  const isNear = (from: string, to: string) => processOf(from) === processOf(to)
  const edges = edgesOf(graph)
    .filter(({ kind, from, to }) => kind === 'calls' && from !== gatewayName && (from === module || to === module))
    .filter(({ from, to }) => isNear(from, to))
    .map((edge) => ({ from: edge.from, to: edge.to, traffic: measured && trafficOn(edge, measured) }))
  const clients =
    measured && isNear(gatewayName, module)
      ? trafficOn({ kind: 'calls', from: 'clients', to: module }, measured)
      : undefined
  const callsPerCheckout =
    measured === undefined || measured.checkouts === 0
      ? undefined
      : edges.reduce((sum, { traffic }) => sum + (traffic?.perCheckout ?? 0), 0)
  return { edges, clients, callsPerCheckout }
}
