import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * A process, told apart from every other that ever had its number: pids are used again, soon after a restart of the
 * machine or of a container above all.
 */
export type ProcessMark = {
  pid: number
  /** When it began, in the system's own words: to be compared, never read. */
  began: string
}

/** Undefined if no such process runs; one that has died and is not yet collected by its parent does not run. */
export function markOf(pid: number): ProcessMark | undefined {
  const began = process.platform === 'linux' ? beganOnLinux(pid) : beganElsewhere(pid)
  return began === undefined ? undefined : { pid, began }
}

export const isRunning = (mark: ProcessMark): boolean => markOf(mark.pid)?.began === mark.began

/** The arguments that a running process was started with, joined by spaces; undefined if it does not run. */
export function commandLineOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return ask(pid, 'command=')
  return readOr(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim()
}

function beganOnLinux(pid: number): string | undefined {
  const stat = readOr(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The second field, the program's name, may hold anything; the rest begins after its last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, startTicks] = [fields[0], fields[19]]
  if (state === 'Z' || state === 'X') return undefined
  return `${readOr('/proc/sys/kernel/random/boot_id')?.trim() ?? 'boot'}/${startTicks}`
}

function beganElsewhere(pid: number): string | undefined {
  const answer = ask(pid, 'stat=,lstart=')
  if (answer === undefined || answer.startsWith('Z')) return undefined
  return answer.slice(answer.indexOf(' ')).trim()
}

function ask(pid: number, columns: string): string | undefined {
  const { status, stdout } = spawnSync('ps', ['-o', columns, '-p', String(pid)], { encoding: 'utf8' })
  return status === 0 && stdout.trim() !== '' ? stdout.trim() : undefined
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
