/** The measured hall: the program itself as a child process, started as an operator would start it. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const projectFolder = fileURLToPath(new URL('..', import.meta.url))
const OPEN_LINE = /^Markethall is open at (\S+)$/
const WORKING_LINE = /^Markethall's worker is ready/
const START_MS_MAX = 120_000
const LINES_KEPT = 20
const POLL_MS = 5

export type HallChild = AsyncDisposable & {
  url: string
  /** From starting the process to the first 200 of `/readyz`, in milliseconds. */
  startMs: number
  /** Resident memory of the hall's process, in megabytes of 1,000,000 bytes. */
  rssMb(): Promise<number>
  /** The API key of the owner. */
  ownerKey(): Promise<string>
  /** Stops the hall gracefully. Repeating it is harmless. */
  stop(): Promise<void>
}

export type HallChildOptions = {
  dataDir: string
  /** Further settings, by their variable's name. Without DATABASE_URL the hall runs an embedded PostgreSQL. */
  settings?: Readonly<Record<string, string>>
  nodeArguments?: readonly string[]
  /** Runs this topology in place of one process, as `hall up` does. */
  topologyFile?: string
}

type Script = 'start' | 'worker' | 'hall'

/** What an npm script runs after `node`, with the program's path made whole: what is measured is what everybody gets. */
function argumentsOf(script: Script): string[] {
  const { scripts } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as {
    scripts: Record<Script, string>
  }
  const [program, ...rest] = scripts[script].split(' ')
  if (program !== 'node') throw new Error(`npm run ${script} runs ${program}; the benchmark knows only node.`)
  return rest.map((argument) => (argument.endsWith('.ts') ? join(projectFolder, argument) : argument))
}

/** Starts a hall and waits until it is ready. Throws what it said where it does not get there. */
export async function startHallChild(options: HallChildOptions): Promise<HallChild> {
  const startedAt = performance.now()
  const { dataDir, topologyFile } = options
  const child =
    topologyFile === undefined ? spawnScript('start', [], options) : spawnScript('hall', ['up', topologyFile], options)
  const stop = stopperOf(child)
  try {
    const url = (await lineOf(child, OPEN_LINE))[1]!
    await untilReady(url)
    return {
      url,
      startMs: performance.now() - startedAt,
      rssMb: () => rssMbOf(child.pid!),
      ownerKey: async () => (await readFile(join(dataDir, 'owner.key'), 'utf8')).trim(),
      stop,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Starts a worker of all modules beside a hall, and waits until it works. */
export async function startWorkerChild(options: HallChildOptions): Promise<AsyncDisposable> {
  const child = spawnScript('worker', [], options)
  const stop = stopperOf(child)
  try {
    await lineOf(child, WORKING_LINE)
    return { [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const spawnScript = (
  script: Script,
  given: readonly string[],
  { dataDir, settings = {}, nodeArguments = [] }: HallChildOptions,
): ChildProcess =>
  spawn(process.execPath, [...nodeArguments, ...argumentsOf(script), ...given], {
    // In its own folder, so that no .env of the project sends the load to somebody's database.
    cwd: dataDir,
    // In a group of its own: Ctrl-C reaches the benchmark, which then stops the hall.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      DATA_DIR: dataDir,
      PORT: '0',
      LOG_LEVEL: 'warn',
      DEMO: 'off',
      ...settings,
    },
  })

function stopperOf(child: ChildProcess): () => Promise<void> {
  let stopping: Promise<void> | undefined
  return () => (stopping ??= end(child))
}

/** Waits for a line that the program writes once it is up. */
function lineOf(child: ChildProcess, wanted: RegExp): Promise<RegExpExecArray> {
  const said: string[] = []
  return new Promise((resolve, reject) => {
    const failed = (how: string) => reject(new Error(`The program ${how}. It said:\n${said.join('\n')}`))
    const timer = setTimeout(() => failed('was not ready in time'), START_MS_MAX)
    const heed = (line: string) => {
      said.push(line)
      if (said.length > LINES_KEPT) said.shift()
      const match = wanted.exec(line)
      if (match === null) return
      clearTimeout(timer)
      resolve(match)
    }
    // Both are read to the end: a full pipe would stop the hall.
    for (const stream of [child.stdout!, child.stderr!]) createInterface({ input: stream }).on('line', heed)
    child.once('error', (error) => failed(`could not be started (${error.message})`))
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      failed(`ended with ${code ?? signal}`)
    })
  })
}

async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + START_MS_MAX
  while (performance.now() < deadline) {
    const answer = await fetch(`${url}/readyz`)
    await answer.body?.cancel()
    if (answer.ok) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  throw new Error(`The hall at ${url} is open, but does not become ready.`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  // A database that outlives the hall may have inherited these pipes.
  child.stdout?.destroy()
  child.stderr?.destroy()
}

async function rssMbOf(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
  return (Number(stdout.trim()) * 1024) / 1e6
}
