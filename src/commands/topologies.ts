/** Topologies as files: read, made anew with a module moved, written as a person would. */
import { oneProcess, readTopology, type Topology } from '#platform/host/topology'
import { moduleNames } from '../modules.ts'
import { CommandError } from './command-error.ts'

/** The topology of a file, or the one-process topology. Throws `CommandError`, which says what is wrong with the file. */
export async function topologyIn(file: string | undefined): Promise<Topology> {
  if (file === undefined) return oneProcess
  try {
    return await readTopology(file, moduleNames)
  } catch (error) {
    throw new CommandError((error as Error).message, { cause: error })
  }
}

const lineMax = 120

/** A topology as the text of its file: a line for each process. */
export function printTopology({ processes, ...rest }: Topology): string {
  const lines = Object.entries(processes).map(([name, spec]) => {
    const line = `    ${JSON.stringify(name)}: ${onOneLine(spec)}`
    return line.length < lineMax ? line : `    ${JSON.stringify(name)}: ${indented(JSON.stringify(spec, null, 2))}`
  })
  const others = Object.entries(rest).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`)
  return `{\n${others.join('')}  "processes": {\n${lines.join(',\n')}\n  }\n}\n`
}

function onOneLine(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`
  const fields = Object.entries(value).map(([name, field]) => `${JSON.stringify(name)}: ${onOneLine(field)}`)
  return `{ ${fields.join(', ')} }`
}

const indented = (text: string): string => text.replaceAll('\n', '\n    ')
