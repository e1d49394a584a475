import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Config } from '#platform/config'
import { CommandError } from './command-error.ts'

/** Longer than a hall takes to find out that its database hangs. */
const READY_CHECK_MS = 5_000
const START_MS_MAX = 120_000
const LINES_KEPT = 20
const OPEN_LINE = /^Markethall is open at (\S+)$/

export type FoundHall = AsyncDisposable & { url: string }

type Answer = { isReady: true } | { isReady: false; problems: string[] }

/**
 * The hall at the given address; else the one at this machine's own address; else one that is started for the command and
 * stopped (drained) with it. Throws `CommandError`.
 */
export async function findHall(
  url: string | undefined,
  config: Config,
  say: (text: string) => void,
): Promise<FoundHall> {
  const own = ownUrl(config)
  const answer = await ask(url ?? own)
  if (answer?.isReady === false) throw notReady(url ?? own, answer.problems)
  if (answer !== undefined) return { url: url ?? own, [Symbol.asyncDispose]: async () => undefined }
  if (url !== undefined) {
    throw new CommandError(
      `No hall answers at ${url}. Start it with npm start, or leave --url out to have one started.`,
    )
  }
  say(`No hall runs at ${own}: starting one for this command.\n`)
  return startHall(fileURLToPath(new URL('../main.ts', import.meta.url)))
}

/** The hall at the given address, else at this machine's own, which must run. Throws `CommandError`. */
export async function findRunningHall(url: string | undefined, config: Config): Promise<string> {
  const wanted = url ?? ownUrl(config)
  const answer = await ask(wanted)
  if (answer?.isReady === false) throw notReady(wanted, answer.problems)
  if (answer !== undefined) return wanted
  const elsewhere = url === undefined ? ' If it runs elsewhere, say where with --url.' : ''
  throw new CommandError(`No hall answers at ${wanted}. Start it with npm start, in another terminal.${elsewhere}`)
}

const ownUrl = ({ host, port }: Config): string => `http://${host.includes(':') ? `[${host}]` : host}:${port}`

/** What answers there, if it is a hall; undefined where none is. */
async function ask(url: string): Promise<Answer | undefined> {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(READY_CHECK_MS) })
    const { status, problems } = (await answer.json()) as { status?: unknown; problems?: unknown }
    if (typeof status !== 'string' || !Array.isArray(problems)) return undefined
    return answer.ok ? { isReady: true } : { isReady: false, problems: problems.map(String) }
  } catch {
    return undefined
  }
}

const PROBLEMS_SHOWN = 3

function notReady(url: string, problems: string[]): CommandError {
  const others = problems.length - PROBLEMS_SHOWN
  const shown = problems.slice(0, PROBLEMS_SHOWN).join(', ') + (others > 0 ? `, and ${others} more` : '')
  return new CommandError(`The hall at ${url} is not ready: ${shown}. Try again once that is well.`)
}

/** Starts the program with this process's settings, and waits for the line in which it says where it is open. */
async function startHall(program: string): Promise<FoundHall> {
  // In a group of its own, so that Ctrl-C reaches only this command, which lets begun sales end and then stops the hall.
  const child = spawn(process.execPath, [program], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const said: string[] = []
  const opened = new Promise<string>((resolve, reject) => {
    const failed = (how: string) =>
      reject(new CommandError(`The hall that was to be started ${how}. It said:\n${said.join('\n')}\nTry npm start.`))
    const timer = setTimeout(() => failed('was not ready in time'), START_MS_MAX)
    const heed = (line: string) => {
      said.push(line)
      if (said.length > LINES_KEPT) said.shift()
      const address = OPEN_LINE.exec(line)?.[1]
      if (address !== undefined) resolve(address)
      if (address !== undefined) clearTimeout(timer)
    }
    // Both are read to the end: a full pipe would stop the hall.
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', heed)
    child.once('error', (error) => failed(`could not be started (${error.message})`))
    child.once('exit', (code, signal) => failed(`ended with ${code ?? signal}`))
    child.once('exit', () => clearTimeout(timer))
  })
  try {
    return { url: await opened, [Symbol.asyncDispose]: () => stop(child) }
  } catch (error) {
    await stop(child)
    throw error
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
  // A database that the hall leaves to others may have inherited these pipes; they must not keep this process waiting.
  child.stdout?.destroy()
  child.stderr?.destroy()
}
