/**
 * One process of a topology as our child: heard line by line, started again when it ends by itself, ended by its id.
 *
 * It has a group of its own, since Ctrl-C reaches ours as a whole, and it must not end before those that still need it.
 * And it has a channel to us, by whose end it learns that we died (`closeOnSignals`).
 */
import { type ChildProcess, fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { environmentWith } from '#platform/config'
import { readLogLine } from './log-line.ts'
import type { PlannedProcess } from './plan.ts'

const root = new URL('../../../', import.meta.url)
const execArgv = ['--import', new URL('src/quick-imports.ts', root).href, '--max-semi-space-size=8']
const readyLine = /^Markethall(?: is open|'s \S+ is ready)(?: at (\S+))?/

const restartDelayMs = { min: 250, max: 10_000 }
/** Longer than a process takes to close by itself. */
const stopMsMax = 60_000
/** What a process wrote may still be in a pipe when it has ended; somebody else may hold that pipe open. */
const lastWordsMsMax = 500
const lastWordsMax = 20

export type State = 'not started' | 'starting' | 'ready' | 'ended' | 'stopping' | 'stopped'

export type ChildStatus = { state: State; pid: number | undefined; address: string | undefined; restarts: number }

export type Child = {
  planned: PlannedProcess
  status: Readonly<ChildStatus>
  /** Starts it, and is through when it is ready, or stopped. Throws, with what it said, if it ends before. */
  start(): Promise<void>
  /** Asks it to end and waits for that. Afterwards it is not started again. */
  stop(): Promise<void>
  /** Ends it at once. */
  kill(): void
}

export type Watcher = {
  /** A line of its standard output, or of its standard error. */
  said(stream: 'out' | 'err', line: string): void
  /** Its status has changed. */
  changed(): void
  /** It ended by itself, and is started again so much later. */
  failed(how: string, delayMs: number): void
}

type Run = {
  process: ChildProcess
  ready: Promise<{ address: string | undefined }>
  ended: Promise<{ how: string }>
  /** What it said last, outside of its log. */
  lastWords: readonly string[]
}

export function createChild(planned: PlannedProcess, settings: Record<string, string>, watcher: Watcher): Child {
  const status: ChildStatus = { state: 'not started', pid: undefined, address: undefined, restarts: 0 }
  const stopping = new AbortController()
  let run: Run | undefined
  const become = (change: Partial<ChildStatus>) => {
    Object.assign(status, change)
    watcher.changed()
  }
  const launch = (): Run => {
    const launched = runProgram(planned, settings, watcher.said)
    run = launched
    become({ state: 'starting', pid: launched.process.pid })
    void launched.ready.then(({ address }) => {
      if (status.state === 'starting') become({ state: 'ready', address })
    })
    return launched
  }
  const keepRunning = async (first: Run) => {
    let running = first
    for (let delayMs = restartDelayMs.min; ; delayMs = Math.min(delayMs * 2, restartDelayMs.max)) {
      const startedAt = performance.now()
      const { how } = await running.ended
      if (stopping.signal.aborted) return
      if (performance.now() - startedAt > restartDelayMs.max) delayMs = restartDelayMs.min
      become({ state: 'ended', pid: undefined })
      watcher.failed(how, delayMs)
      await delay(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
      status.restarts += 1
      running = launch()
    }
  }
  return {
    planned,
    status,
    async start() {
      if (stopping.signal.aborted) return
      const launched = launch()
      const first = await Promise.race([launched.ready, launched.ended])
      if (stopping.signal.aborted) return
      if ('how' in first) throw new Error([`It ended with ${first.how}.`, ...launched.lastWords].join('\n'))
      void keepRunning(launched)
    },
    async stop() {
      stopping.abort()
      if (run !== undefined) {
        become({ state: 'stopping' })
        await end(run)
      }
      become({ state: 'stopped', pid: undefined })
    },
    kill: () => void run?.process.kill('SIGKILL'),
  }
}

function runProgram(
  { program, args, settings: own }: PlannedProcess,
  settings: Record<string, string>,
  said: Watcher['said'],
): Run {
  const child = fork(fileURLToPath(new URL(program, root)), args, {
    execArgv,
    env: environmentWith({ ...settings, ...own }),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const ready = Promise.withResolvers<{ address: string | undefined }>()
  const lastWords: string[] = []
  createInterface({ input: child.stdout! }).on('line', (line) => {
    said('out', line)
    const found = readyLine.exec(line)
    if (found) ready.resolve({ address: found[1] })
  })
  createInterface({ input: child.stderr! }).on('line', (line) => {
    said('err', line)
    if (readLogLine(line) === undefined) lastWords.push(line)
    if (lastWords.length > lastWordsMax) lastWords.shift()
  })
  return { process: child, ready: ready.promise, ended: endOf(child), lastWords }
}

function endOf(child: ChildProcess): Promise<{ how: string }> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ how: `the error "${error.message}"` }))
    child.once('exit', (code, signal) => {
      const allHeard = () => resolve({ how: signal ?? `code ${code}` })
      child.once('close', allHeard)
      setTimeout(allHeard, lastWordsMsMax)
    })
  })
}

async function end({ process: child, ended }: Run): Promise<void> {
  child.kill('SIGTERM')
  const impatience = setTimeout(() => child.kill('SIGKILL'), stopMsMax)
  await ended
  clearTimeout(impatience)
  // A database that outlives the process may have inherited these pipes.
  child.stdout?.destroy()
  child.stderr?.destroy()
}
