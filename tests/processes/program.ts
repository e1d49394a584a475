/** A program of the hall as a real process: started, watched line by line, stopped or killed by its id. */
import { spawn, spawnSync } from 'node:child_process'
import { isAbsolute, join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const root = join(import.meta.dirname, '..', '..')
const preloaded = ['--import', pathToFileURL(join(root, 'src', 'quick-imports.ts')).href]
const startMsMax = 60_000
const endMsMax = 40_000

export type Ended = { code: number | null; signal: NodeJS.Signals | null }

export type Program = {
  pid: number
  /** What it has written so far, in lines. */
  out: readonly string[]
  err: readonly string[]
  ended: Promise<Ended>
  /** The first line of standard output that matches. Throws, with what the program said, where it ends before. */
  line(pattern: RegExp): Promise<RegExpExecArray>
  /** SIGTERM, and waits for the end. */
  stop(): Promise<Ended>
  /** SIGKILL, and waits for the end. */
  kill(): Promise<Ended>
}

/** Starts `file`, of this repository unless it is a whole path, under the Node that runs the tests. Of our environment it gets only what finds programs. */
export function startProgram(file: string, args: readonly string[], env: Record<string, string>): Program {
  const given = (name: string) => process.env[name] ?? ''
  const own = { PATH: given('PATH'), HOME: given('HOME'), LANG: given('LANG') }
  const child = spawn(process.execPath, [...preloaded, isAbsolute(file) ? file : join(root, file), ...args], {
    cwd: root,
    env: { ...own, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const out: string[] = []
  const err: string[] = []
  const watchers = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    out.push(line)
    for (const watcher of watchers) watcher()
  })
  createInterface({ input: child.stderr }).on('line', (line) => void err.push(line))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    // A grandchild that outlives a killed program may hold its pipes open: what was written by now is read, and no more.
    child.once('exit', (code, signal) => setImmediate(() => resolve({ code, signal })))
  })
  const end = (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    return within(ended, endMsMax, () => `${file} did not end after ${signal}. ${account({ out, err })}`)
  }
  const line = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const watcher = () => {
        const found = out.map((each) => pattern.exec(each)).find((match) => match !== null)
        if (found) resolve(found)
      }
      watchers.add(watcher)
      watcher()
      ended.then(
        ({ code, signal }) => reject(new Error(`${file} ended with ${code ?? signal}. ${account({ out, err })}`)),
        reject,
      )
    })
  return {
    pid: child.pid!,
    out,
    err,
    ended,
    line: (pattern) =>
      within(line(pattern), startMsMax, () => `${file} did not say ${pattern}. ${account({ out, err })}`),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}

const account = ({ out, err }: Pick<Program, 'out' | 'err'>) =>
  `It said:\n${out.join('\n')}\nand complained:\n${err.slice(-30).join('\n')}`

/** The outcome, or an error after the time given: a test that waits for ever tells nothing. */
export async function within<T>(outcome: Promise<T>, ms: number, complaint: () => string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(complaint())), ms)
  try {
    return await Promise.race([outcome, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Does `work` with each, so many at once. */
export async function someAtOnce<Item>(
  count: number,
  items: readonly Item[],
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const left = [...items]
  const workInTurn = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: count }, workInTurn))
}

/** The ids of the processes that a process has started and that still run. */
export function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  const pairs = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  return pairs.flatMap(([child, parent]) => (parent === pid && child !== undefined ? [child] : []))
}
