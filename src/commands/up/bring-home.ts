/** A topology for several machines, tried on this one: what lives elsewhere gets a free port here. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { prepareDataFolder } from '#platform/data/data-folder'
import { freePort } from '#platform/data/postgres-server'
import { addressesIn, type Topology } from '#platform/host/topology'

const thisMachine = ['127.0.0.1', 'localhost', '[::1]']

type Given = { topology: Topology; file: string }

/** The topology as it is, where all of it is of this machine; else a copy of it in the data folder. */
export async function bringHome({ topology, file }: Given, dataDir: string): Promise<Given> {
  const isAway = (url: string) => !thisMachine.includes(new URL(url).hostname)
  if (!Object.values(topology.processes).some((spec) => addressesIn(spec).some(isAway))) return { topology, file }
  const processes: Topology['processes'] = {}
  const given = new Set<number>()
  for (const [name, spec] of Object.entries(topology.processes)) {
    const addresses = addressesIn(spec)
    const home: string[] = []
    for (const url of addresses) home.push(isAway(url) ? `http://127.0.0.1:${await portBeside(given)}` : url)
    processes[name] = addresses.length === 0 ? spec : { ...spec, url: home.length === 1 ? home[0]! : home }
  }
  await prepareDataFolder(dataDir)
  const copy = join(dataDir, 'topology-up.json')
  await writeFile(copy, `${JSON.stringify({ processes }, null, 2)}\n`)
  return { topology: { processes }, file: copy }
}

/** A free port that is none of those given before. */
async function portBeside(given: Set<number>): Promise<number> {
  for (;;) {
    const port = await freePort(undefined)
    if (given.has(port)) continue
    given.add(port)
    return port
  }
}
