import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { HallCalls } from './hall-calls.ts'
import { priceOf } from './money.ts'
import { parseCount, parseCurrency, parseDay, parseHallUrl } from './options.ts'
import { tableOf } from './table.ts'
import type { Tool } from './tool.ts'

const DAYS_DEFAULT = 30
const DAY_MS = 86_400_000
const TOP_DEFAULT = 10
const TOP_MAX = 1000
/** What was just sold is counted a moment later. */
const COUNTED_MS_MAX = 3_000
const COUNTED_PAUSE_MS = 50

type ReportOptions = { from?: string; to?: string; currency: string; top: number; url?: string; json?: true }
type Range = { from: string; to: string; currency: string }
type Report = Range & Awaited<ReturnType<typeof ask>>

export function register(program: Command, tool: Tool): void {
  const command: Command = program
    .command('report')
    .description('tells what was sold, by day, product and country, as the owner')
    .option('--from <day>', `the first day (YYYY-MM-DD, UTC); without it, ${DAYS_DEFAULT} days up to --to`, parseDay)
    .option('--to <day>', 'the last day; without it, today', parseDay)
    .option('--currency <code>', 'what was paid in this currency', parseCurrency, 'GBP')
    .option('--top <n>', 'name the n products that brought most', parseCount(TOP_MAX), TOP_DEFAULT)
    .option('--url <url>', 'the hall to ask; without it the one on this machine', parseHallUrl)
    .option('--json', 'print one line of JSON and nothing else')
    .addHelpText('after', '\nThe key is HALL_KEY, or the owner’s key in DATA_DIR.')
    .action(async (options: ReportOptions) => {
      const range = rangeOf(options, Date.now())
      if (range.from > range.to)
        command.error(`error: --from ${range.from} is after --to ${range.to}; turn them round.`)
      await report(tool, range, options)
    })
}

function rangeOf({ from, to, currency }: ReportOptions, now: number): Range {
  const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10)
  const last = to ?? dayOf(now)
  return { from: from ?? dayOf(Date.parse(last) - (DAYS_DEFAULT - 1) * DAY_MS), to: last, currency }
}

async function report(tool: Tool, range: Range, { url, json, top }: ReportOptions): Promise<void> {
  const calls = await tool.reach({ as: 'owner', ...(url !== undefined && { url }) })
  const waitUntil = performance.now() + COUNTED_MS_MAX
  let answer = await ask(calls, range, top)
  while (answer.behind > 0 && performance.now() < waitUntil) {
    await sleep(COUNTED_PAUSE_MS)
    answer = await ask(calls, range, top)
  }
  const told = { ...range, ...answer }
  if (json === true) return tool.terminal.out(JSON.stringify(told))
  for (const line of describe(told)) tool.terminal.out(line)
}

async function ask({ reporting }: HallCalls, range: Range, top: number) {
  const [sales, { products }, { countries }] = await Promise.all([
    reporting.sales.query(range),
    reporting.products.query({ ...range, limit: top }),
    reporting.countries.query(range),
  ])
  return { ...sales, products, countries }
}

function describe(told: Report): string[] {
  const price = (amountMinor: number) => priceOf({ amountMinor, currency: told.currency })
  const refunded = told.refundedMinor > 0 ? `, of which ${price(told.refundedMinor)} given back` : ''
  const waiting = told.behind > 0 ? [`${told.behind} events are still to be counted: ask again in a moment.`] : []
  const count = told.orders === 1 ? '1 order' : `${told.orders} orders`
  const head = `${told.from} to ${told.to}: ${count}, ${price(told.grossMinor)}${refunded}.`
  if (told.orders === 0) return [head, ...waiting]
  const days = told.byDay
    .filter(({ orders }) => orders > 0)
    .map(({ day, orders, grossMinor }) => [day, String(orders), price(grossMinor)])
  const products = told.products.map(({ name, units, grossMinor, sku }) => [
    sku,
    String(units),
    price(grossMinor),
    name,
  ])
  const countries = told.countries.map(({ country, orders, grossMinor }) => [
    country,
    String(orders),
    price(grossMinor),
  ])
  return [
    head,
    '',
    ...tableOf([['Day', 'Orders', 'Sold'], ...days]),
    '',
    ...tableOf([['SKU', 'Units', 'Sold', 'Product'], ...products]),
    '',
    ...tableOf([['Country', 'Orders', 'Sold'], ...countries]),
    ...waiting,
  ]
}
