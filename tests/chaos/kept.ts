/** A process that is started again whenever it ends, and can be struck. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Program, startProgram } from '../processes/program.ts'

export type Kept = AsyncDisposable & {
  /** kill -9. False where there was nothing to kill. */
  kill(): boolean
  /** Stops it where it stands, and lets it go on after so many milliseconds. */
  freeze(ms: number): Promise<boolean>
  /** Until it is up. */
  ready(): Promise<void>
  /** How it ended by itself although it had been up: each is a fault of ours. */
  readonly deaths: readonly string[]
  /** What it complained of last. */
  complaints(): string[]
}

type Options = {
  name: string
  start: { file: string; args: readonly string[]; env: Record<string, string> }
  ready: RegExp
  say(line: string): void
  onReady(match: RegExpExecArray): void
  onEnd(): void
}

const pauseMs = 200
const complaintsKept = 30

/** Starts it, and waits until it is up. */
export async function keepRunning({ name, start, ready, say, onReady, onEnd }: Options): Promise<Kept> {
  const deaths: string[] = []
  const killed = new WeakSet<Program>()
  let current: Program | undefined
  let up = Promise.withResolvers<void>()
  const state = { ending: false }
  let before: readonly string[] = []

  async function live(): Promise<void> {
    const program = startProgram(start.file, start.args, start.env)
    current = program
    let wasUp = false
    const opening = program.line(ready).then((match) => {
      wasUp = true
      onReady(match)
      up.resolve()
    })
    opening.catch(() => undefined)
    const { code, signal } = await program.ended
    onEnd()
    before = [...before, ...program.err].slice(-complaintsKept)
    if (state.ending) return
    if (wasUp) up = Promise.withResolvers()
    if (killed.has(program)) return
    const account = `${name} ended with ${code ?? signal}: ${program.err.slice(-3).join(' ')}`
    if (wasUp) deaths.push(account)
    else say(`${name} could not start and tries again.`)
  }

  async function liveOn(): Promise<void> {
    while (!state.ending) {
      await live()
      if (!state.ending) await delay(pauseMs)
    }
  }
  const living = liveOn()
  const isUp = () => up.promise
  await isUp()
  return {
    kill() {
      if (current === undefined) return false
      killed.add(current)
      return signalTo(current.pid, 'SIGKILL')
    },
    async freeze(ms) {
      const program = current
      if (program === undefined || !signalTo(program.pid, 'SIGSTOP')) return false
      await delay(ms)
      signalTo(program.pid, 'SIGCONT')
      return true
    },
    ready: isUp,
    deaths,
    complaints: () => [...before, ...(current?.err ?? [])].slice(-complaintsKept),
    async [Symbol.asyncDispose]() {
      state.ending = true
      if (current !== undefined) {
        signalTo(current.pid, 'SIGCONT')
        await current.kill()
      }
      await living
    },
  }
}

/** False where there is no such process. */
export function signalTo(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
