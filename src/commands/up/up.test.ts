/** What `hall up` refuses before anything starts. */
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '#platform/config'
import { readTopology } from '#platform/host/topology'
import { expect, onTestFinished, test } from 'vitest'
import { runHall } from '../../hall.ts'
import { moduleNames } from '../../modules.ts'
import { bringHome } from './bring-home.ts'
import { planProcesses } from './plan.ts'

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'markethall-up-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function fileOf(processes: object): Promise<string> {
  const file = join(await newFolder(), 'topology.json')
  await writeFile(file, JSON.stringify({ processes }))
  return file
}

/** What is said where nothing may start. */
async function complaintOf(file: string, env: Record<string, string>): Promise<string> {
  let said = ''
  const terminal = {
    out: expect.unreachable,
    err: (text: string) => void (said += text),
    interactive: false,
    columns: 80,
  }
  const nobody = () => Promise.reject(new Error('Nothing here is to reach a hall.'))
  const config = () => readConfig({ DATA_DIR: '/nowhere/at/all', ...env })
  const interruption = () => new AbortController().signal
  const tool = { terminal, config, interruption, connect: nobody, reach: nobody }
  expect(await runHall(['up', file], tool)).toBe(1)
  return said
}

test('ports that are taken are all told, with what to do', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const file = await fileOf({ gateway: { modules: [], gateway: true }, stall: { modules: ['*'], url } })
  const taken = `Port ${port} is taken. Stop what uses it, or`
  expect(await complaintOf(file, { PORT: String(port) })).toBe(
    `${taken} choose another with PORT (0 picks a free one).\n${taken} give stall another in the topology.\n`,
  )
})

test('a hall whose background work nobody would do is told so', async () => {
  expect(await complaintOf('topologies/all-out.json', { WORKERS: 'off' })).toBe(
    'WORKERS is off, so nobody would do the background work. Give --workers 1, or remove WORKERS.\n',
  )
})

test('processes come after those that they call, the public face last, and workers first', async () => {
  const file = 'topologies/all-out.json'
  const topology = await readTopology(file, moduleNames)
  const waves = planProcesses({ topology, file, workers: 1 })
  const names = waves.map((wave) => wave.map(({ name }) => name))
  expect(names.slice(1)).toEqual([['fulfilment'], ['checkout'], ['gateway']])
  expect(names[0]).toEqual([...moduleNames.filter((name) => !['fulfilment', 'checkout'].includes(name)), 'worker-1'])
  expect(waves[0]!.at(-1)).toMatchObject({ modules: moduleNames, args: [], settings: {} })
  expect(waves[1]![0]).toMatchObject({
    args: ['--topology', file, '--process', 'fulfilment'],
    settings: { WORKERS: 'off' },
  })
})

test('what lives on other machines gets a free port of this one; what is here stays', async () => {
  const given = {
    gateway: { modules: [], gateway: true },
    orders: { modules: ['orders'], url: 'http://orders:4001' },
    hall: { modules: ['*'], url: 'http://localhost:4100' },
  }
  const file = await fileOf(given)
  const folder = await newFolder()
  const home = await bringHome({ topology: await readTopology(file, moduleNames), file }, folder)
  expect(home).toEqual({
    file: join(folder, 'topology-up.json'),
    topology: {
      processes: {
        ...given,
        orders: { modules: ['orders'], url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) },
      },
    },
  })
  expect(JSON.parse(await readFile(home.file, 'utf8'))).toEqual(home.topology)
  expect(await bringHome(home, '/nowhere')).toEqual(home)
})

test('a process with several addresses runs once at each', async () => {
  const at = (port: number) => `http://127.0.0.1:${port}`
  const file = await fileOf({
    hall: { modules: ['*'], url: at(4100), gateway: true },
    orders: { modules: ['orders'], url: [at(4101), at(4102)] },
  })
  const waves = planProcesses({ topology: await readTopology(file, moduleNames), file, workers: 0 })
  const settings = Object.fromEntries(waves.flat().map((each) => [each.name, each.settings]))
  expect(settings).toEqual({
    hall: {},
    'orders-1': { INTERNAL_PORT: '4101' },
    'orders-2': { INTERNAL_PORT: '4102' },
  })
})
