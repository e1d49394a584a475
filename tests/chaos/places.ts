/** Where the processes of a topology are in a run: each listens at a port of its own, and is called through a line that leads there. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '#testing/cluster'
import type { Cast, Member } from './cast.ts'
import { type Line, openLine } from './line.ts'

export type Places = {
  /** By the names of those to whom they lead. */
  lines: Record<string, Line>
  /** With what a member is started, so that it is at its place. */
  startOf(member: Member): { args: readonly string[]; env: Record<string, string> }
}

type PlacesOptions = {
  cast: Cast
  folder: string
  /** Without, everybody is called directly: a line accepts for a process that is not there, which no network does. */
  hasLines: boolean
}

/** Opens the lines, and writes the topology file that names them. */
export async function openPlaces(
  { cast, folder, hasLines }: PlacesOptions,
  stack: AsyncDisposableStack,
): Promise<Places> {
  const { members, topology } = cast
  if (topology === undefined) return { lines: {}, startOf: () => ({ args: [], env: {} }) }
  const ports: Record<string, number> = {}
  const lines: Record<string, Line> = {}
  for (const { name, isCalled } of members) {
    if (!isCalled) continue
    const port = await freePort()
    ports[name] = port
    if (hasLines) lines[name] = stack.use(await openLine(port))
  }
  const urlsOf = (process: string) =>
    members.flatMap(({ name, process: of, isCalled }) =>
      of === process && isCalled ? [`http://127.0.0.1:${lines[name]?.port ?? ports[name]}`] : [],
    )
  const placed = Object.entries(topology.processes).map(([process, spec]) => {
    const url = urlsOf(process)
    return [process, { ...spec, url: url.length === 0 ? undefined : url }]
  })
  const file = join(folder, 'topology.json')
  await writeFile(file, JSON.stringify({ processes: Object.fromEntries(placed) }))
  return {
    lines,
    startOf: ({ name, process }) => ({
      args: ['--topology', file, '--process', process!],
      env: ports[name] === undefined ? {} : { INTERNAL_PORT: String(ports[name]) },
    }),
  }
}
