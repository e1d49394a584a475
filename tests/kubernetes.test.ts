/**
 * The manifests of each topology, read back: everything that names something else is followed, and who may reach whom is compared
 * with the declared graph, both ways.
 */
import { describe, expect, test } from 'vitest'
import { sourcesOf } from '#platform/host/runtimes'
import { placeOf } from '#platform/host/topology'
import { kubernetesText } from '../src/commands/deploy/files.ts'
import { graph, type ModuleName, moduleNames } from '../src/modules.ts'
import {
  addressesIn,
  type Fields,
  missingIn,
  notSettings,
  options,
  topologies,
  topologyInside,
  workedBy,
} from './deploy/deployed.ts'
import { readYaml } from './deploy/yaml-reader.ts'

type Labels = Record<string, string>
type Pod = { name: string; labels: Labels; annotations: Labels; spec: Fields; container: Fields }

const hasLabels = (labels: Labels, wanted: Labels) =>
  Object.entries(wanted).every(([name, value]) => labels[name] === value)
const processOf = ({ labels }: Pod): string => labels['app.kubernetes.io/name']!
const isFace = ({ labels }: Pod): boolean => labels['app.kubernetes.io/component'] === 'face'
const namesOf = (list: Fields[] = []): string[] => list.map(({ name }) => name)

describe.each(topologies)('of $name', ({ topology }) => {
  const text = kubernetesText(topology, options('kubernetes.yaml'))
  const objects = readYaml(text) as Fields[]
  const ofKind = (kind: string) => objects.filter((object) => object['kind'] === kind)
  const pods: Pod[] = ofKind('Deployment').map(({ metadata, spec: { template } }) => {
    return {
      name: metadata.name,
      labels: template.metadata.labels,
      annotations: template.metadata.annotations,
      spec: template.spec,
      container: template.spec.containers[0],
    }
  })

  test('run what is there, with settings that are settings', () => {
    const commands = pods.map(({ container }) => container['command'])
    expect(commands.flatMap((command) => missingIn(command, topology))).toEqual([])
    expect(workedBy(commands)).toEqual([...moduleNames].toSorted())
    for (const { container } of pods) {
      const names = namesOf(container['env'])
      expect(new Set(names).size).toBe(names.length)
      expect(notSettings(names)).toEqual([])
    }
  })

  test('take from the Secret what their head says must be there', () => {
    const refs = pods.flatMap(({ container }) =>
      container['env'].flatMap(({ valueFrom }: Fields) => valueFrom?.secretKeyRef ?? []),
    )
    const needed = refs.filter(({ optional }) => optional !== true).map(({ key }) => key as string)
    const given = [...text.matchAll(/--from-literal=([A-Z_]+)=/g)].map(([, key]) => key!)
    expect(new Set(needed)).toEqual(new Set(given))
    expect(new Set(namesOf(refs))).toEqual(new Set(['markethall']))
  })

  test('select by labels that are there, and scale and guard what is there', () => {
    for (const { spec } of ofKind('Deployment'))
      expect(spec.template.metadata.labels).toEqual(spec.selector.matchLabels)
    const services = ofKind('Service').map(({ spec }) => spec.selector)
    const budgets = ofKind('PodDisruptionBudget').map(({ spec }) => spec.selector.matchLabels)
    const selected = (selector: Labels) =>
      pods.filter(({ labels }) => hasLabels(labels, selector)).map(({ name }) => name)
    const faces = pods.filter(isFace).map(({ name }) => name)
    expect(services.flatMap(selected)).toEqual(faces)
    expect(budgets.flatMap(selected)).toEqual(pods.map(({ name }) => name))
    expect(ofKind('HorizontalPodAutoscaler').map(({ spec }) => spec.scaleTargetRef.name)).toEqual(faces)
    expect(ofKind('Service').map(({ metadata }) => metadata.name)).toEqual(faces)
  })

  test('answer at the ports at which they are asked', async () => {
    const [config] = ofKind('ConfigMap')
    const placed = config && (await topologyInside(config['data']['topology.json']))
    for (const { name, url } of placed ? addressesIn(placed) : []) {
      const service = ofKind('Service').find(({ metadata }) => metadata.name === url.hostname)!
      const { targetPort } = service['spec'].ports.find(({ port }: Fields) => String(port) === url.port)
      const { container } = pods.find((pod) => pod.name === name)!
      expect(container['ports']).toContainEqual({ name: targetPort, containerPort: Number(url.port) })
    }
    for (const pod of pods) {
      const { container, spec } = pod
      const { METRICS_PORT: figuresPort } = Object.fromEntries(
        container['env'].map(({ name, value }: Fields) => [name, value]),
      )
      expect(pod.annotations).toMatchObject({ 'prometheus.io/scrape': 'true', 'prometheus.io/port': figuresPort })
      expect(container['ports']).toContainEqual({ name: 'metrics', containerPort: Number(figuresPort) })
      const probes = ['startupProbe', 'readinessProbe', 'livenessProbe'].flatMap((name) => container[name] ?? [])
      expect(probes).toHaveLength(3)
      for (const { httpGet } of probes) expect(namesOf(container['ports'])).toContain(httpGet.port)
      expect(namesOf(container['volumeMounts'])).toEqual(namesOf(spec['volumes']))
      expect(namesOf(spec['volumes']).includes('topology')).toBe(placed !== undefined)
    }
  })

  /** As Kubernetes decides: once a policy selects a pod, it is reached only where one of them says so. */
  const mayReach = (from: Labels | undefined, to: Labels, port: number): boolean => {
    const selecting = ofKind('NetworkPolicy').filter(({ spec }) => hasLabels(to, spec.podSelector.matchLabels))
    const lets = ({ from: senders, ports }: Fields) => {
      const isSender = ({ podSelector = { matchLabels: {} } }: Fields) =>
        from !== undefined && hasLabels(from, podSelector.matchLabels)
      return (senders === undefined || senders.some(isSender)) && ports.some((each: Fields) => each['port'] === port)
    }
    return selecting.length === 0 || selecting.some(({ spec }) => spec.ingress.some(lets))
  }

  test('let those reach a process whom the graph lets call it or read its journals, and nobody else', () => {
    const modulesOf = (pod: Pod) => placeOf(topology, processOf(pod), moduleNames).modules as ModuleName[]
    const isGateway = (pod: Pod) => isFace(pod) && topology.processes[processOf(pod)]!.gateway === true
    const mustReach = (from: Pod, to: Pod): boolean => {
      const callers = [...modulesOf(from), ...(isGateway(from) ? (['gateway'] as const) : [])]
      const wanted = callers.flatMap((name) => [...graph[name].calls, ...sourcesOf(graph, name)])
      return isFace(to) && processOf(from) !== processOf(to) && modulesOf(to).some((name) => wanted.includes(name))
    }
    const pairs = pods.flatMap((from) => pods.map((to) => ({ from, to, path: `${from.name} to ${to.name}` })))
    const open = pairs.filter(({ from, to }) => mayReach(from.labels, to.labels, 4001)).map(({ path }) => path)
    expect(open).toEqual(pairs.filter(({ from, to }) => mustReach(from, to)).map(({ path }) => path))
    for (const pod of pods) {
      expect(mayReach(undefined, pod.labels, 4001)).toBe(false)
      expect(mayReach(undefined, pod.labels, 4002)).toBe(false)
      expect(mayReach({ app: 'prometheus' }, pod.labels, 4002)).toBe(true)
      expect(mayReach(undefined, pod.labels, 4000)).toBe(isGateway(pod))
    }
  })
})
