/** A rival's own processes: started under the same Node as the hall, told by what they print, ended by their id. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'

export type RivalProcess = AsyncDisposable & {
  /** From its start until it was ready, in milliseconds. */
  startMs: number
  /** Resident memory, in megabytes of 1,000,000 bytes. */
  rssMb(): Promise<number>
}

type Environment = Readonly<Record<string, string>>
type Launch = { cwd?: string; ready?: RegExp }

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const LINES_KEPT = 30
const END_MS_MAX = 15_000

/** Starts a Node program and waits until it prints that it is ready. */
export async function startUntilReady(
  argv: readonly string[],
  env: Environment,
  { cwd, ready = /^ready$/ }: Launch = {},
): Promise<RivalProcess> {
  const begun = performance.now()
  const { child, said } = launch(argv, env, cwd)
  await new Promise<void>((resolve, reject) => {
    said.heed((line) => ready.test(line) && resolve())
    child.once('exit', (code, signal) => reject(new Error(`${argv[0]} ended with ${code ?? signal}:\n${said.lines()}`)))
  })
  return {
    startMs: performance.now() - begun,
    rssMb: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
      return (Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024) / 1e6
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const impatience = setTimeout(() => child.kill('SIGKILL'), END_MS_MAX)
      await ended
      clearTimeout(impatience)
    },
  }
}

/** Runs a Node program to its end. Throws what it said where that is no success. */
export async function runToEnd(argv: readonly string[], env: Environment, { cwd }: Launch = {}): Promise<string> {
  const { child, said } = launch(argv, env, cwd)
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${argv[0]} ended with ${code}:\n${said.lines()}`)
  return said.lines()
}

function launch(argv: readonly string[], env: Environment, cwd: string | undefined) {
  const child = spawn(process.execPath, argv, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH, HOME: tmpdir(), ...env },
  })
  const lines: string[] = []
  const listeners: ((line: string) => void)[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      if (lines.length > LINES_KEPT) lines.shift()
      for (const listener of listeners) listener(line)
    })
  }
  const heed = (listener: (line: string) => void) => void listeners.push(listener)
  return { child, said: { heed, lines: () => lines.join('\n') } }
}
