/** Kubernetes manifests of a topology: what runs, how it is found, and how much of it there is. */
import { createHash } from 'node:crypto'
import { printTopology } from '../topologies.ts'
import {
  internalPort,
  metricsPort,
  metricsSettings,
  type Plan,
  type Program,
  publicPort,
  topologyFile,
} from './plan.ts'
import type { Json } from './yaml.ts'

export type KubernetesOptions = {
  /** The image as the cluster pulls it. */
  image: string
}

/** What the installation must tell: the Secret's name, and its keys. */
export const secretName = 'markethall'
/** Keys without which nothing starts, and those that may be left out. */
export const secretKeys = {
  needed: ['HALL_SECRET', 'DATABASE_URL', 'PAYMENTS_URL', 'PAYMENTS_WEBHOOK_SECRET'],
  optional: ['REDIS_URL', 'PUBLIC_URL', 'METRICS_TOKEN'],
}

const replicas = { min: 2, max: 8, ofWorkers: 2 }
const cpuPercent = 70
/** The user `node` of the image, by number: Kubernetes cannot tell that a name is not root's. */
const userId = 1000
const configMapName = 'markethall-topology'

/** How a program is selected: by the process, and by its role where only one of the two is meant. */
export const labelsOf = ({ process, role }: { process?: string; role?: Program['role'] }): Record<string, string> => ({
  'app.kubernetes.io/part-of': 'markethall',
  ...(process !== undefined && { 'app.kubernetes.io/name': process }),
  ...(role !== undefined && { 'app.kubernetes.io/component': role }),
})

/** Everything but the network policies, in the order in which it is applied. */
export function kubernetesObjects(plan: Plan, options: KubernetesOptions): Json[] {
  return [...configMap(plan), ...plan.programs.flatMap((program) => objectsOf(program, { plan, options }))]
}

type Made = { plan: Plan; options: KubernetesOptions }

function objectsOf(program: Program, made: Made): Json[] {
  const { name, role } = program
  const labels = labelsOf(program)
  const budget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, labels },
    spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
  }
  if (role === 'worker') return [deployment(program, made), budget]
  return [deployment(program, made), service(program), autoscaler(program), budget]
}

function configMap({ topology }: Plan): Json[] {
  if (topology === undefined) return []
  const metadata = { name: configMapName, labels: labelsOf({}) }
  return [{ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'topology.json': printTopology(topology) } }]
}

function deployment(program: Program, { plan, options }: Made): Json {
  const { name, role } = program
  const labels = labelsOf(program)
  const { topology } = plan
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: {
      // How many faces there are is the autoscaler's to say.
      ...(role === 'worker' && { replicas: replicas.ofWorkers }),
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: {
          labels,
          annotations: {
            // How most installations of Prometheus find whom to ask.
            'prometheus.io/scrape': 'true',
            'prometheus.io/port': String(metricsPort),
            'prometheus.io/path': '/metrics',
            // Another topology is another template, so that the pods are replaced.
            ...(topology && { 'markethall/topology': hashOf(printTopology(topology)) }),
          },
        },
        spec: {
          // Services named as processes would put variables into the environment that read like settings.
          enableServiceLinks: false,
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 40,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: userId,
            fsGroup: userId,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [container(program, { plan, options })],
          volumes: [
            { name: 'data', emptyDir: {} },
            ...(topology ? [{ name: 'topology', configMap: { name: configMapName } }] : []),
          ],
        },
      },
    },
  }
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)

function container(program: Program, { plan, options }: Made): Json {
  const ports = [...portsOf(program), { name: 'metrics', port: metricsPort }]
  const folder = topologyFile.slice(0, topologyFile.lastIndexOf('/'))
  return {
    name: 'markethall',
    image: options.image,
    command: ['node', ...program.command],
    env: environmentOf(program),
    ports: ports.map(({ name, port }) => ({ name, containerPort: port })),
    ...probesOf(program),
    resources: { requests: { cpu: '250m', memory: '256Mi' }, limits: { memory: '768Mi' } },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    volumeMounts: [
      { name: 'data', mountPath: '/data' },
      ...(plan.topology ? [{ name: 'topology', mountPath: folder, readOnly: true }] : []),
    ],
  }
}

function environmentOf({ role, isGateway, talksToProvider, modules, connections }: Program): Json {
  const ofSecret = (name: string, optional = false): Json => ({
    name,
    valueFrom: { secretKeyRef: { name: secretName, key: name, ...(optional && { optional }) } },
  })
  const [alone, ...others] = modules
  return [
    ofSecret('HALL_SECRET'),
    ofSecret('DATABASE_URL'),
    // A module that has a process of its own may have a database of its own.
    ...(alone !== undefined && others.length === 0 ? [ofSecret(`${alone.toUpperCase()}_DATABASE_URL`, true)] : []),
    { name: 'DATABASE_CONNECTIONS', value: String(connections) },
    ofSecret('REDIS_URL', true),
    ...(talksToProvider ? [ofSecret('PAYMENTS_URL'), ofSecret('PAYMENTS_WEBHOOK_SECRET')] : []),
    ...(isGateway || (role === 'face' && talksToProvider) ? [ofSecret('PUBLIC_URL', true)] : []),
    ...(role === 'face' ? [{ name: 'WORKERS', value: 'off' }] : []),
    ...(isGateway ? [{ name: 'DEMO', value: 'off' }] : []),
    ...Object.entries(metricsSettings).map(([name, value]) => ({ name, value })),
    ofSecret('METRICS_TOKEN', true),
  ]
}

/** The ports at which a program answers others of the hall, and clients. */
export const portsOf = ({ isGateway, isCalled }: Program): { name: string; port: number }[] => [
  ...(isGateway ? [{ name: 'public', port: publicPort }] : []),
  ...(isCalled ? [{ name: 'internal', port: internalPort }] : []),
]

/** A face is asked where others ask it; a worker, which has none, where its figures are. */
function probesOf(program: Program): { [probe: string]: Json } {
  const [{ name: port } = { name: 'metrics' }] = portsOf(program)
  const asks = (path: string) => ({ httpGet: { path, port } })
  return {
    startupProbe: { ...asks('/healthz'), periodSeconds: 2, failureThreshold: 60 },
    readinessProbe: { ...asks('/readyz'), periodSeconds: 5, timeoutSeconds: 3 },
    livenessProbe: { ...asks('/healthz'), periodSeconds: 10, timeoutSeconds: 3, failureThreshold: 6 },
    // Until everybody has heard that the pod is going, it still answers.
    ...(program.role === 'face' && { lifecycle: { preStop: { exec: { command: ['sleep', '5'] } } } }),
  }
}

function service(program: Program): Json {
  const { name } = program
  const labels = labelsOf(program)
  const ports = portsOf(program).map((port) => ({ ...port, targetPort: port.name }))
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, labels }, spec: { selector: labels, ports } }
}

function autoscaler({ name, ...program }: Program): Json {
  const target = { type: 'Utilization', averageUtilization: cpuPercent }
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, labels: labelsOf(program) },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicas: replicas.min,
      maxReplicas: replicas.max,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
    },
  }
}

/** How many connections to PostgreSQL all programs may open together when everything is scaled out. */
export const connectionsMax = ({ programs }: Plan): number =>
  programs.reduce(
    (sum, { role, connections }) => sum + connections * (role === 'face' ? replicas.max : replicas.ofWorkers),
    0,
  )
