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
  const specs = await Promise.all(
    Object.entries(topology.processes).map(async ([name, { url, ...spec }]) => {
      const isAway = url !== undefined && !thisMachine.includes(new URL(url).hostname)
      const here = isAway ? `http://127.0.0.1:${await freePort(undefined)}` : url
      return { name, isAway, spec: { ...spec, ...(here !== undefined && { url: here }) } }
    }),
  )
  if (specs.every(({ isAway }) => !isAway)) return { topology, file }
  const processes = Object.fromEntries(specs.map(({ name, spec }) => [name, spec]))
  await prepareDataFolder(dataDir)
  const copy = join(dataDir, 'topology-up.json')
  await writeFile(copy, `${JSON.stringify({ processes }, null, 2)}\n`)
  return { topology: { processes }, file: copy }
}
