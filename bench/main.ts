/** `npm run bench`: measures a hall on this machine. */
import { parseArgs } from 'node:util'
import { measureShop } from './shop.ts'
import { shopTable } from './shop-figures.ts'

const SECONDS_DEFAULT = 8
const SECONDS_MAX = 600

const usage = `Usage: npm run bench -- shop [--seconds N] [--json] [--profile DIR]

shop   starts a hall with its own PostgreSQL (fsync on) in a temporary folder, imports 1,000 products with 2 variants each,
       and measures on 16 connections: products got, pages listed and searches, from the database and from the read cache;
       carts bought in eight requests, placed and paid; purchases alone; their SQL statements and transactions; memory, and
       a second start. Everything is removed afterwards. Takes about two minutes.

  --seconds N     measure each load for N seconds (1 to ${SECONDS_MAX}, ${SECONDS_DEFAULT} unless told)
  --json          end with one line of JSON
  --profile DIR   leave a CPU profile of the hall there (*.cpuprofile); the figures are lower then

The load, the hall and PostgreSQL share this machine: let nothing else run on it.`

class UsageError extends Error {}

async function main(): Promise<void> {
  const { values, positionals } = readArguments()
  if (values.help === true || positionals.length === 0) return say(usage)
  const [benchmark, ...others] = positionals
  if (benchmark !== 'shop' || others.length > 0) throw new UsageError(`There is no benchmark ${positionals.join(' ')}.`)
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort(new Error('Interrupted.')))
  process.once('SIGTERM', () => interrupted.abort(new Error('Ended by a signal.')))
  const measured = await measureShop({
    seconds: secondsOf(values.seconds),
    profileDir: values.profile,
    signal: interrupted.signal,
    progress: (text) => process.stderr.write(`${text}\n`),
  })
  say(shopTable(measured))
  if (values.json === true) say(JSON.stringify(measured.figures))
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seconds: { type: 'string' },
        json: { type: 'boolean' },
        profile: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}

function secondsOf(text: string | undefined): number {
  if (text === undefined) return SECONDS_DEFAULT
  const seconds = /^\d+$/.test(text) ? Number(text) : 0
  if (seconds < 1 || seconds > SECONDS_MAX)
    throw new UsageError(`--seconds must be a whole number from 1 to ${SECONDS_MAX}.`)
  return seconds
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

main().catch((error: unknown) => {
  const isUsage = error instanceof UsageError
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${isUsage ? `\n${usage}\n` : ''}`)
  process.exitCode = isUsage ? 2 : 1
})
