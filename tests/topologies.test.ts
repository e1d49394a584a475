/**
 * The same end-to-end suite over the ways in which a hall can be spread over processes: those that every change must pass, or
 * those that `npm run test:topologies` chose.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { oneProcess, placeOf, readTopology } from '#platform/host/topology'
import { freePort } from '#testing/cluster'
import { eventually } from '#testing/eventually'
import { brokenInvariants } from '#testing/invariants'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { moduleNames } from '../src/modules.ts'
import { settled } from './processes/books.ts'
import { openWorld, type World } from './processes/world.ts'
import { loadedBy, notingLoaded } from './topologies/loaded.ts'
import { chosenRuns, type Run } from './topologies/placements.ts'
import { testHall } from './topologies/suite.ts'

const folder = join(import.meta.dirname, '..', 'topologies')
const runs = chosenRuns(process.env['TOPOLOGIES'])

test.each(await readdir(folder))('topologies/%s is whole', async (name) => {
  const topology = await readTopology(join(folder, name), moduleNames)
  const hosted = Object.keys(topology.processes).flatMap((each) => placeOf(topology, each, moduleNames).modules)
  expect(hosted.toSorted()).toEqual(moduleNames.toSorted())
})

test('all-out has each module alone, and none with the public face', async () => {
  const topology = await readTopology(join(folder, 'all-out.json'), moduleNames)
  const places = Object.keys(topology.processes).map((name) => placeOf(topology, name, moduleNames))
  const alone = moduleNames.map((module) => ({ process: module, modules: [module], gateway: false }))
  expect(places).toMatchObject([{ process: 'gateway', modules: [], gateway: true }, ...alone])
})

const { redisUrl } = inject('cluster')

describe.each(runs)('$name, queues on $backend', (run) => {
  describe.skipIf(run.backend === 'redis' && redisUrl === undefined)('a hall', () => {
    let world: World
    let notes: string

    beforeAll(async () => {
      notes = await mkdtemp(join(tmpdir(), 'markethall-loaded-'))
      world = await openWorldOf(run, notes)
    })
    afterAll(async () => {
      await world?.[Symbol.asyncDispose]()
      await rm(notes, { recursive: true, force: true, maxRetries: 5 })
    })

    testHall(async () => {
      const { url } = await world.startAll(run.workers)
      return { url, ownerKey: await world.ownerKey() }
    })

    test('loads in each process the modules that it hosts, and of the others the contracts', () =>
      expectOnlyItsOwn(world, notes))

    test('keeps its books: stock, money, orders and events agree', async () => {
      // What guests were refused is counted, and announced now and then: perhaps just when all had settled.
      const broken = async () => {
        await settled(world.sql)
        return brokenInvariants(world.sql, { charges: await world.charges(), settled: true })
      }
      expect(await eventually(broken, (found) => found.length === 0)).toEqual([])
    })
  })
})

/** Where the public face is elsewhere, only PUBLIC_URL can tell payments where its provider reaches the hall. */
async function openWorldOf({ world, backend }: Run, notes: string): Promise<World> {
  const port = await freePort()
  const settings = { PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}`, ...notingLoaded(notes) }
  return openWorld({ ...world, settings, redisUrl: backend === 'redis' ? redisUrl : undefined })
}

async function expectOnlyItsOwn({ started, topologyFile }: World, notes: string): Promise<void> {
  const topology = topologyFile === undefined ? oneProcess : await readTopology(topologyFile, moduleNames)
  expect([...started.keys()].toSorted()).toEqual(Object.keys(topology.processes).toSorted())
  for (const [process, { pid }] of started) {
    const { modules, gateway } = placeOf(topology, process, moduleNames)
    const { contracts, ...loaded } = await loadedBy(pid, notes, modules)
    const missing = gateway ? moduleNames.filter((name) => !contracts.includes(name)) : []
    const right = { hosted: modules.toSorted(), tooMuch: [], express: gateway, missing: [] }
    expect({ process, ...loaded, missing }).toEqual({ process, ...right })
  }
}
