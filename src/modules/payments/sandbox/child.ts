/**
 * Runs the sandbox as a child process, which ends with its parent however that ends.
 *
 * A child that ends by itself is started again, on the same port, so that its address stays; meanwhile nobody answers
 * there, which callers know as a provider that is not available. What it had answered is in its file.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const graceMs = 5_000
const restartDelayMs = { min: 100, max: 10_000 }

export type SandboxChild = {
  url: string
  /** Of the child that runs now. */
  readonly pid: number
  [Symbol.asyncDispose](): Promise<void>
}

export type SandboxChildOptions = {
  file: string
  port?: number
  synchronous?: 'full' | 'off'
  log?: { warn(fields: object, message: string): void }
}

/** Answers when the sandbox listens. The child does not keep this process alive. Throws if it ends before it listens. */
export async function startSandboxChild(options: SandboxChildOptions): Promise<SandboxChild> {
  const stopping = new AbortController()
  let child = forked(options)
  const url = await urlOf(child)
  const keepRunning = async () => {
    const port = Number(new URL(url).port)
    for (let delayMs = restartDelayMs.min; !stopping.signal.aborted;) {
      const startedAt = Date.now()
      const [code, signal] = await ended(child)
      if (stopping.signal.aborted) return
      if (Date.now() - startedAt > restartDelayMs.max) delayMs = restartDelayMs.min
      options.log?.warn({ code, signal, delayMs }, 'the payment sandbox ended by itself and is started again')
      await delay(delayMs, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined)
      delayMs = Math.min(delayMs * 2, restartDelayMs.max)
      if (stopping.signal.aborted) return
      child = forked({ ...options, port })
      child.unref()
      child.channel?.unref()
    }
  }
  child.unref()
  child.channel?.unref()
  void keepRunning()
  return {
    url,
    get pid() {
      return child.pid ?? 0
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await end(child)
    },
  }
}

function forked({ file, port = 0, synchronous = 'full' }: SandboxChildOptions): ChildProcess {
  return fork(
    fileURLToPath(new URL('./main.ts', import.meta.url)),
    ['--file', file, '--port', String(port), '--synchronous', synchronous],
    {
      execPath: process.execPath,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  )
}

/** How it ended, also where it could not be started at all. */
function ended(child: ChildProcess): Promise<[code: number | null, signal: string | null]> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve([child.exitCode, child.signalCode])
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve([code, signal]))
    child.once('error', () => resolve([null, null]))
  })
}

function urlOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) =>
      reject(new Error(`The payment sandbox ended at its start (${signal ?? code}).`)),
    )
    child.once('message', (message) => resolve((message as { url: string }).url))
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.ref()
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const impatience = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await exited
  clearTimeout(impatience)
}
