/** A terminal in a folder: lines that are run to their end, and lines that are started until they say that they are ready. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { eventually } from '#testing/eventually'
import { within } from './program.ts'

type Place = { cwd: string; env: Record<string, string> }

export type Terminal = {
  /** Runs lines as somebody would who copies them. Answers standard output; throws, with all that was said, where one fails. */
  run(text: string): Promise<string>
  /** Starts a line, and waits until it says what matches. */
  startUntil(line: string, pattern: RegExp): Promise<void>
  /** Ends all that was started, the last first. */
  stopAll(): Promise<void>
}

/** In a group of its own, so that npm and what it starts are ended together. */
const openIn = ({ cwd, env }: Place, args: readonly string[]) =>
  spawn('bash', args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })

export function openTerminal(place: Place): Terminal {
  const running: ChildProcess[] = []
  return {
    async run(text) {
      const child = openIn(place, ['-e', '-o', 'pipefail', '-c', text])
      running.push(child)
      let out = ''
      let all = ''
      child.stdout.setEncoding('utf8').on('data', (said: string) => {
        out += said
        all += said
      })
      child.stderr.setEncoding('utf8').on('data', (said: string) => (all += said))
      const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
      running.splice(running.indexOf(child), 1)
      if (code !== 0) throw new Error(`${text} ended with ${String(code)}. It said:\n${all}`)
      return out
    },
    async startUntil(line, pattern) {
      const child = openIn(place, ['-c', `exec ${line}`])
      running.push(child)
      const said: string[] = []
      const ready = Promise.withResolvers<void>()
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (each) => {
          said.push(each)
          if (pattern.test(each)) ready.resolve()
        })
      }
      child.once('exit', () => ready.reject(new Error(`${line} ended. It said:\n${said.join('\n')}`)))
      await within(ready.promise, 60_000, () => `${line} did not get ready. It said:\n${said.join('\n')}`)
    },
    /** npm ends before what it started: a hall has stopped when nobody of its group is left. */
    async stopAll() {
      for (const { pid } of running.splice(0).toReversed()) {
        if (pid === undefined || !isAlive(-pid)) continue
        process.kill(-pid, 'SIGTERM')
        await eventually(
          async () => isAlive(-pid),
          (alive) => !alive,
        )
      }
    },
  }
}

function isAlive(group: number): boolean {
  try {
    return process.kill(group, 0)
  } catch {
    return false
  }
}
