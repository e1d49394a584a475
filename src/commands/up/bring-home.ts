/** A topology for several machines, tried on this one: what lives elsewhere gets a free port here. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { prepareDataFolder } from '#platform/data/data-folder'
import { freePort } from '#platform/data/postgres-server'
import type { Topology } from '#platform/host/topology'

const thisMachine = ['127.0.0.1', 'localhost', '[::1]']

type Given = { topology: Topology; file: string }

/** The topology as it is, where all of it is of this machine; else a copy of it in the data folder. */
export async function bringHome({ topology, file }: Given, dataDir: string): Promise<Given> {
  const isAway = (url: string | undefined) => url !== undefined && !thisMachine.includes(new URL(url).hostname)
  if (!Object.values(topology.processes).some(({ url }) => isAway(url))) return { topology, file }
  const processes: Topology['processes'] = {}
  const given = new Set<number>()
  for (const [name, spec] of Object.entries(topology.processes))
    processes[name] = isAway(spec.url) ? { ...spec, url: `http://127.0.0.1:${await portBeside(given)}` } : spec
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
