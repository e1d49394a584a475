/** `hall deploy`: a compose file is read back and everything in it that names something else is followed; and the command itself. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Topology } from '#platform/host/topology'
import { composeText } from '../src/commands/deploy/files.ts'
import { planOf } from '../src/commands/deploy/plan.ts'
import { moduleNames } from '../src/modules.ts'
import { runAlone } from './command-line.ts'
import {
  addressesIn,
  type Fields,
  hostingIn,
  missingIn,
  notSettings,
  options,
  topologies,
  topologyInside,
  workedBy,
} from './deploy/deployed.ts'
import { readYaml } from './deploy/yaml-reader.ts'

const root = join(import.meta.dirname, '..')

describe.each(topologies)('compose of $name', ({ topology }) => {
  const text = composeText(topology, options('compose.yaml'))
  const [file] = readYaml(text) as [Fields]
  const services: Record<string, Fields> = file['services']
  const programs = Object.entries(services).filter(([, { image }]) => image === 'markethall')
  const halls = programs.filter(([name]) => name !== 'payments-sandbox')
  const gateway = halls.find(([, { ports }]) => ports)![0]

  test('has a service for each process, a worker for each that has modules, and what they need', () => {
    const workers = hostingIn(topology).map((name) => `${name}-worker`)
    const needed = ['payments-sandbox', 'postgres', 'redis']
    expect(new Set(Object.keys(services))).toEqual(new Set([...Object.keys(topology.processes), ...workers, ...needed]))
    for (const { depends_on: needs = {} } of Object.values(services))
      expect(Object.keys(services)).toEqual(expect.arrayContaining(Object.keys(needs)))
  })

  test('runs what is there, with settings that are settings', () => {
    expect(programs.flatMap(([, { command }]) => missingIn(command, topology))).toEqual([])
    expect(workedBy(halls.map(([, { command }]) => command))).toEqual([...moduleNames].toSorted())
    expect(halls.flatMap(([, { environment }]) => notSettings(Object.keys(environment)))).toEqual([])
  })

  test('names hosts and ports that are there', async () => {
    expect(services[gateway]!['ports']).toEqual(['127.0.0.1:${PORT:-4000}:4000'])
    const placed = file['configs'] && (await topologyInside(file['configs'].topology.content))
    const addresses = placed ? addressesIn(placed) : []
    expect(addresses.map(({ url }) => url.host)).toEqual(addresses.map(({ name }) => `${name}:4001`))
    const asked = [...text.matchAll(/(?:@|:\/\/)([a-z][a-z-]*:\d+)/g)].map(([, host]) => host)
    const known = ['postgres:5432', 'redis:6379', 'payments-sandbox:4100', `${gateway}:4000`]
    expect(new Set(asked)).toEqual(new Set([...known, ...addresses.map(({ url }) => url.host)]))
    for (const [, { configs = [] }] of halls) expect(configs).toHaveLength(placed ? 1 : 0)
  })

  test('looks after the health of all programs, where each has a face', () => {
    const portOf = (name: string) => (name === gateway ? 4000 : name.endsWith('-worker') ? 4002 : 4001)
    const looks = halls.map(([name, { healthcheck }]) => [name, /:\d+\/\w+/.exec(healthcheck.test.at(-1))?.[0]])
    expect(looks).toEqual(halls.map(([name]) => [name, `:${portOf(name)}/readyz`]))
  })

  test('opens fewer connections than the database has, and keeps its data in volumes that are there', () => {
    const allowed = Number(/max_connections=(\d+)/.exec(text)![1])
    const opened = halls.reduce((sum, [, { environment }]) => sum + Number(environment.DATABASE_CONNECTIONS), 0)
    expect(opened).toBeLessThan(allowed)
    const mounts = Object.values(services).flatMap(({ volumes = [] }) => volumes as string[])
    expect(new Set(mounts.map((mount) => mount.split(':')[0]))).toEqual(new Set(Object.keys(file['volumes'])))
  })
})

test('a process whose name cannot be a host, or is taken, is refused', () => {
  const named = (name: string): Topology => {
    return { processes: { [name]: { modules: ['*'], gateway: true, url: 'http://127.0.0.1:1' } } }
  }
  expect(() => planOf(named('The Hall'))).toThrow('small letters, digits and -')
  expect(() => composeText(named('redis'), options('compose.yaml'))).toThrow('Two things would be called redis')
})

test('the command writes to the screen or a file, and over nothing that holds something else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'markethall-deploy-'))
  const out = join(folder, 'compose.yaml')
  const line = ['deploy', 'compose', '--topology', join(root, 'topologies/orders-out.json')]
  const shown = await runAlone(line)
  expect(shown).toMatchObject({ code: 0, err: '' })
  const [compose] = readYaml(`${shown.out.join('\n')}\n`)
  expect(compose).toMatchObject({ services: { orders: { image: 'markethall', build: '.' } } })
  const done = { code: 0, out: [`${out} is written.`] }
  expect(await runAlone([...line, '--out', out])).toMatchObject(done)
  expect(await runAlone([...line, '--out', out])).toMatchObject(done)
  await writeFile(out, 'services: {}\n')
  const refused = (why: string) => ({ code: 1, out: [], err: expect.stringContaining(why) })
  expect(await runAlone([...line, '--out', out])).toEqual(refused('holds something else'))
  expect(await readFile(out, 'utf8')).toBe('services: {}\n')
  expect(await runAlone([...line, '--out', out, '--force'])).toMatchObject(done)
  const nowhere = join(folder, 'nowhere', 'x.yaml')
  expect(await runAlone([...line, '--out', nowhere])).toEqual(refused('cannot be written'))
  const unknown = ['deploy', 'kubernetes', '--topology', join(folder, 'none.json')]
  expect(await runAlone(unknown)).toEqual(refused('cannot be read'))
  await rm(folder, { recursive: true })
})
