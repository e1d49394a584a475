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
}

/** What `npm start` runs after `node`, with the program's path made whole: what is measured is what everybody gets. */
function startArguments(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as {
    scripts: { start: string }
  }
  const [program, ...rest] = scripts.start.split(' ')
  if (program !== 'node') throw new Error(`npm start runs ${program}; the benchmark knows only node.`)
  return rest.map((argument) => (argument.endsWith('.ts') ? join(projectFolder, argument) : argument))
}

/** Starts a hall and waits until it is ready. Throws what it said where it does not get there. */
export async function startHallChild({
  dataDir,
  settings = {},
  nodeArguments = [],
}: HallChildOptions): Promise<HallChild> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, [...nodeArguments, ...startArguments()], {
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
  let stopping: Promise<void> | undefined
  const stop = () => (stopping ??= end(child))
  try {
    const url = await openedAt(child)
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

function openedAt(child: ChildProcess): Promise<string> {
  const said: string[] = []
  return new Promise((resolve, reject) => {
    const failed = (how: string) => reject(new Error(`The hall ${how}. It said:\n${said.join('\n')}`))
    const timer = setTimeout(() => failed('was not ready in time'), START_MS_MAX)
    const heed = (line: string) => {
      said.push(line)
      if (said.length > LINES_KEPT) said.shift()
      const address = OPEN_LINE.exec(line)?.[1]
      if (address === undefined) return
      clearTimeout(timer)
      resolve(address)
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
