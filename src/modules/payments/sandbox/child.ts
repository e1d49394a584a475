/** Runs the sandbox as a child process, which ends with its parent however that ends. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const graceMs = 5_000

export type SandboxChild = { url: string; pid: number; [Symbol.asyncDispose](): Promise<void> }

/** Answers when the sandbox listens. The child does not keep this process alive. Throws if it ends before it listens. */
export async function startSandboxChild(options: {
  file: string
  port?: number
  synchronous?: 'full' | 'off'
}): Promise<SandboxChild> {
  const { file, port = 0, synchronous = 'full' } = options
  const child = fork(
    fileURLToPath(new URL('./main.ts', import.meta.url)),
    ['--file', file, '--port', String(port), '--synchronous', synchronous],
    {
      execPath: process.execPath,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  )
  const url = await urlOf(child)
  child.unref()
  child.channel?.unref()
  return { url, pid: child.pid ?? 0, [Symbol.asyncDispose]: () => end(child) }
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
  if (child.exitCode !== null || child.signalCode !== null) return
  child.ref()
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const impatience = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await exited
  clearTimeout(impatience)
}
