/** A process that is started again whenever it ends, and can be struck. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Program, startProgram } from '../processes/program.ts'

export type Kept = AsyncDisposable & {
  /** kill -9. False where there was nothing to kill. */
  kill(): boolean
  /** Stops it where it stands, and lets it go on after so many milliseconds. */
  freeze(ms: number): Promise<boolean>
  /** Takes it out of use, stops it gracefully, and waits until it is up again. False where it was not up. */
  restart(): Promise<boolean>
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
/** How long whoever sends it requests takes to hear that it is out of use. */
const noticeMs = 500

/** Starts it, and waits until it is up. */
export async function keepRunning(options: Options): Promise<Kept> {
  const kept = new KeptProgram(options)
  await kept.ready()
  return kept
}

class KeptProgram implements Kept {
  readonly deaths: string[] = []
  readonly #options: Options
  readonly #killed = new WeakSet<Program>()
  readonly #stopped = new WeakSet<Program>()
  readonly #living: Promise<void>
  #current: Program | undefined
  /** The current one, once it is up and as long as it is in use. */
  #open: Program | undefined
  #up = Promise.withResolvers<void>()
  #isEnding = false
  #before: readonly string[] = []

  constructor(options: Options) {
    this.#options = options
    this.#living = this.#liveOn()
  }

  kill(): boolean {
    if (this.#current === undefined) return false
    this.#killed.add(this.#current)
    return signalTo(this.#current.pid, 'SIGKILL')
  }

  async freeze(ms: number): Promise<boolean> {
    const program = this.#current
    if (program === undefined || !signalTo(program.pid, 'SIGSTOP')) return false
    await delay(ms)
    signalTo(program.pid, 'SIGCONT')
    return true
  }

  async restart(): Promise<boolean> {
    const program = this.#open
    if (program === undefined) return false
    this.#open = undefined
    this.#options.onEnd()
    await delay(noticeMs)
    this.#stopped.add(program)
    const beganAt = performance.now()
    const elapsed = () => `${((performance.now() - beganAt) / 1000).toFixed(1)} s`
    if (!signalTo(program.pid, 'SIGTERM')) return false
    await program.ended
    const stoppedAfter = elapsed()
    await this.ready()
    this.#options.say(`${this.#options.name} had stopped after ${stoppedAfter} and was up again after ${elapsed()}.`)
    return true
  }

  ready(): Promise<void> {
    return this.#up.promise
  }

  complaints(): string[] {
    return [...this.#before, ...(this.#current?.err ?? [])].slice(-complaintsKept)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true
    if (this.#current !== undefined) {
      signalTo(this.#current.pid, 'SIGCONT')
      await this.#current.kill()
    }
    await this.#living
  }

  async #liveOn(): Promise<void> {
    while (!this.#isEnding) {
      await this.#live()
      if (!this.#isEnding) await delay(pauseMs)
    }
  }

  async #live(): Promise<void> {
    const { name, start, ready, say, onReady, onEnd } = this.#options
    const program = startProgram(start.file, start.args, start.env)
    this.#current = program
    let wasUp = false
    const opening = program.line(ready).then((match) => {
      wasUp = true
      this.#open = program
      onReady(match)
      this.#up.resolve()
    })
    // One that takes too long is started anew.
    opening.catch(() => program.kill())
    const { code, signal } = await program.ended
    this.#open = undefined
    onEnd()
    this.#before = [...this.#before, ...program.err].slice(-complaintsKept)
    if (this.#isEnding) return
    if (wasUp) this.#up = Promise.withResolvers()
    if (this.#killed.has(program) || (this.#stopped.has(program) && code === 0)) return
    const account = `${name} ended with ${code ?? signal}: ${program.err.slice(-3).join(' ')}`
    if (wasUp) this.deaths.push(account)
    else say(`${name} could not start and tries again: ${program.err.at(-1)?.slice(0, 200) ?? ''}`)
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
