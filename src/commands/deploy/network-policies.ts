/**
 * Who may reach whom in a cluster, derived from the declared graph: a process's internal face is open to the programs of those
 * processes whose modules call its modules or read their journals, and to nobody else.
 */
import type { Graph } from '#platform/host/runtimes'
import { edgesOf, gatewayName } from '../graph/edges.ts'
import { labelsOf } from './kubernetes.ts'
import { internalPort, metricsPort, type Plan, type Program, publicPort } from './plan.ts'
import type { Json } from './yaml.ts'

/** Who reaches an internal face: a process with all of its programs, or, for the gateway's own sake, with its face only. */
export type Reach = { process: string; role?: 'face' }

/** Whom a node of the graph must reach: whom it calls, and whose journal it reads to hear events and be sent jobs. */
export function reachedBy(graph: Graph, name: string): Set<string> {
  return new Set(
    edgesOf(graph).flatMap(({ kind, from, to }) => {
      const [who, whom] = kind === 'calls' ? [from, to] : [to, from]
      return who === name ? [whom] : []
    }),
  )
}

/** By process: which others reach its internal face. */
export function reachesOf(graph: Graph, { programs }: Plan): Map<string, Reach[]> {
  const faces = programs.filter(({ role }) => role === 'face')
  return new Map(faces.filter(({ isCalled }) => isCalled).map((face) => [face.process, reachesTo(graph, face, faces)]))
}

function reachesTo(graph: Graph, called: Program, faces: readonly Program[]): Reach[] {
  const reaches = (names: readonly string[]) =>
    names.some((name) => called.modules.some((module) => reachedBy(graph, name).has(module)))
  return faces
    .filter(({ process }) => process !== called.process)
    .flatMap(({ process, modules, isGateway }): Reach[] => {
      if (reaches(modules)) return [{ process }]
      return isGateway && reaches([gatewayName]) ? [{ process, role: 'face' }] : []
    })
}

/** The policies: nobody reaches anything, but clients the gateway, and processes whom the graph lets them call. */
export function networkPolicies(graph: Graph, plan: Plan): Json[] {
  const reaches = reachesOf(graph, plan)
  return [
    policy('markethall', { to: {}, ingress: [] }),
    // Whoever watches may live in any namespace; from outside the cluster nobody gets here.
    policy('markethall-metrics', {
      to: {},
      ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ protocol: 'TCP', port: metricsPort }] }],
    }),
    ...plan.programs
      .filter(({ isGateway }) => isGateway)
      .map((gateway) =>
        policy(`${gateway.name}-public`, {
          to: gateway,
          ingress: [{ ports: [{ protocol: 'TCP', port: publicPort }] }],
        }),
      ),
    ...[...reaches].map(([process, callers]) => {
      const from = callers.map((caller) => ({ podSelector: { matchLabels: labelsOf(caller) } }))
      // A rule without senders would let in everybody.
      const ingress = from.length === 0 ? [] : [{ from, ports: [{ protocol: 'TCP', port: internalPort }] }]
      return policy(`${process}-internal`, { to: { process, role: 'face' }, ingress })
    }),
  ]
}

function policy(
  name: string,
  { to, ingress }: { to: { process?: string; role?: Program['role'] }; ingress: Json },
): Json {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, labels: labelsOf({}) },
    spec: { podSelector: { matchLabels: labelsOf(to) }, policyTypes: ['Ingress'], ingress },
  }
}
