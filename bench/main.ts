/** `npm run bench`: measures a hall on this machine. */
import { parseArgs } from 'node:util'
import { measureCalls } from './calls/measure.ts'
import { callTable } from './calls/table.ts'
import { measureEvents } from './events/measure.ts'
import { eventTable } from './events/table.ts'
import { measureRival, rivalNames } from './rivals/main.ts'
import { rivalTable } from './rivals/table.ts'
import { measureShop } from './shop.ts'
import { shopTable } from './shop-figures.ts'
import type { ShopOptions } from './shop-options.ts'
import { measureTopologies } from './topologies/measure.ts'
import { topologyTable } from './topologies/table.ts'

const SECONDS_DEFAULT = 8
const SECONDS_MAX = 600

const usage = `Usage: npm run bench -- shop [--seconds N] [--json] [--profile DIR]
       npm run bench -- events [--seconds N] [--json]
       npm run bench -- calls [--seconds N] [--json]
       npm run bench -- topologies [--seconds N] [--json] [--profile DIR]
       npm run bench -- rivals [medusa] [vendure] [--seconds N] [--json]

shop   starts a hall with its own PostgreSQL (fsync on) in a temporary folder, imports 1,000 products with 2 variants each,
       and measures on 16 connections: products got, pages listed and searches, from the database and from the read cache;
       carts bought in eight requests, placed and paid; purchases alone; their SQL statements and transactions; memory, and
       a second start. Everything is removed afterwards. Takes about two minutes.

events announces, in one process, and has three listeners apply it, in another, on PostgreSQL and on Redis: steadily, while a backlog
       drains, and alone; then the same with one BullMQ job per event and listener; and orders while no worker runs. Takes about five minutes.

calls  makes typed calls inside one process and between two, beside tRPC's localLink, bare node:http, Moleculer and NestJS, which it installs
       below bench/rivals/calls/. Takes about two minutes.

topologies buys carts in eight requests from a hall in one process, with orders outside, and with every module in a process of its
       own: orders per second at the load at which each does best, how long a purchase takes, and how many calls, requests and
       SQL statements it costs. Takes about four minutes.

rivals installs Medusa and Vendure below bench/rivals/ (about a gigabyte, from the package registry), fills them with as many
       products, and measures the same work on them. Takes about ten minutes.

  --seconds N     measure each load for N seconds (1 to ${SECONDS_MAX}, ${SECONDS_DEFAULT} unless told)
  --json          end with one line of JSON
  --profile DIR   leave a CPU profile of each process of the hall there (*.cpuprofile); the figures are lower then

The load, the hall and PostgreSQL share this machine: let nothing else run on it.`

class UsageError extends Error {}

async function main(): Promise<void> {
  const { values, positionals } = readArguments()
  if (values.help === true || positionals.length === 0) return say(usage)
  const [benchmark, ...others] = positionals
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort(new Error('Interrupted.')))
  process.once('SIGTERM', () => interrupted.abort(new Error('Ended by a signal.')))
  const options: ShopOptions = {
    seconds: secondsOf(values.seconds),
    profileDir: values.profile,
    signal: interrupted.signal,
    progress: (text) => process.stderr.write(`${text}\n`),
  }
  const known: readonly string[] | undefined = { shop: [], events: [], calls: [], topologies: [], rivals: rivalNames }[
    benchmark!
  ]
  if (known === undefined || others.some((name) => !known.includes(name)))
    throw new UsageError(`There is no benchmark ${positionals.join(' ')}.`)
  const isJson = values.json === true
  if (benchmark === 'events') return benchEvents(options, isJson)
  if (benchmark === 'calls') return benchCalls(options, isJson)
  if (benchmark === 'topologies') return benchTopologies(options, isJson)
  return benchmark === 'shop' ? benchShop(options, isJson) : benchRivals(others, options, isJson)
}

async function benchShop(options: ShopOptions, isJson: boolean): Promise<void> {
  const measured = await measureShop(options)
  say(shopTable(measured))
  if (isJson) say(JSON.stringify(measured.figures))
}

async function benchEvents(options: ShopOptions, isJson: boolean): Promise<void> {
  const figures = await measureEvents(options)
  say(eventTable(figures))
  if (isJson) say(JSON.stringify(figures))
}

async function benchCalls(options: ShopOptions, isJson: boolean): Promise<void> {
  const figures = await measureCalls(options)
  say(callTable(figures))
  if (isJson) say(JSON.stringify(figures))
}

async function benchTopologies(options: ShopOptions, isJson: boolean): Promise<void> {
  const figures = await measureTopologies(options)
  say(topologyTable(figures))
  if (isJson) say(JSON.stringify(figures))
}

async function benchRivals(named: readonly string[], options: ShopOptions, isJson: boolean): Promise<void> {
  const figures = []
  for (const name of named.length > 0 ? named : rivalNames) figures.push(await measureRival(name, options))
  say(rivalTable(figures))
  if (isJson) say(JSON.stringify(figures))
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
