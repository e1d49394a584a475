import type { Command } from 'commander'
import { CommandError } from './command-error.ts'
import { parseCount, parseDay, parseHallUrl } from './options.ts'
import { startProgressBar } from './progress-bar.ts'
import type { Tool } from './tool.ts'
import { SKIP_REASONS, TRADE_CURRENCY } from './trade/invoice.ts'
import { placeTrade, type TradeOutcome } from './trade/place-trade.ts'
import { openTradeFile } from './trade/read-invoices.ts'
import type { Selection } from './trade/survey.ts'

const DEFAULT_CONCURRENCY = 8
const CONCURRENCY_MAX = 64
const LIMIT_MAX = 1_000_000_000
const INTERRUPTED = 130

type TradeOptions = Selection & { concurrency: number; url?: string; json?: true }

export function register(program: Command, tool: Tool): void {
  const command: Command = program
    .command('trade')
    .description('places the sales of a real retailer in a hall: reads a file in the UCI Online Retail format')
    .argument('<file>', 'the CSV file, plain or gzipped')
    .option('--from <day>', 'leave out invoices before this day (YYYY-MM-DD, UTC)', parseDay)
    .option('--to <day>', 'leave out invoices after this day (YYYY-MM-DD, UTC)', parseDay)
    .option('--limit <n>', 'place the first n invoices with a sale', parseCount(LIMIT_MAX))
    .option('--concurrency <n>', 'place n sales at the same time', parseCount(CONCURRENCY_MAX), DEFAULT_CONCURRENCY)
    .option(
      '--url <url>',
      'the hall to trade in; without it the one on this machine, started if none runs',
      parseHallUrl,
    )
    .option('--json', 'end with one line of JSON')
    .addHelpText(
      'after',
      '\nThe key is HALL_KEY, or the owner’s key in DATA_DIR. Running the same file again adds nothing.',
    )
    .action(async (path: string, options: TradeOptions) => {
      if (options.from !== undefined && options.to !== undefined && options.from > options.to) {
        command.error(`error: --from ${options.from} is after --to ${options.to}; turn them round.`)
      }
      await trade(tool, path, options)
    })
}

async function trade(tool: Tool, path: string, { concurrency, url, json, ...selection }: TradeOptions): Promise<void> {
  const { terminal } = tool
  // The file first: what is wrong with it is found before a hall is started or anything is placed.
  const file = await openTradeFile(path, selection)
  const signal = tool.interruption()
  await using hall = await tool.connect({ signal, ...(url !== undefined && { url }) })
  const bar = startProgressBar(terminal, { noun: 'orders', total: file.totals.orders })
  let outcome: TradeOutcome
  try {
    outcome = await placeTrade(file, hall.trade, { concurrency, signal, onProgress: bar.update })
  } finally {
    bar.clear()
  }
  const complete = outcome.orders === file.totals.orders
  if (json === true) terminal.out(JSON.stringify(outcome))
  else terminal.out(describe(outcome))
  if (outcome.different.length > 0) throw otherSales(outcome.different)
  if (complete) return
  if (!signal.aborted)
    throw new CommandError('Not every sale reached the hall. Run the command again: it goes on from here.')
  terminal.err(`Stopped with ${outcome.orders} of ${file.totals.orders} orders in the hall. Run it again to go on.\n`)
  tool.exitWith(INTERRUPTED)
}

const OTHER_SALES_NAMED = 5

/** An order is never changed by a trade: what a file says otherwise of it is for a person to decide. */
function otherSales(invoices: string[]): CommandError {
  const named = invoices.slice(0, OTHER_SALES_NAMED).join(', ')
  const more = invoices.length - OTHER_SALES_NAMED
  return new CommandError(
    `The hall has other sales than the file under the invoices ${named}${more > 0 ? ` and ${more} more` : ''}: other lines or another total. They stay as they are; cancel those orders, or mend the file.`,
  )
}

/** The outcome in sentences. */
export function describe(outcome: TradeOutcome): string {
  const count = new Intl.NumberFormat('en-GB')
  const money = new Intl.NumberFormat('en-GB', { style: 'currency', currency: TRADE_CURRENCY })
  const skipped = SKIP_REASONS.map((reason) => `${reason} ${count.format(outcome.skipped[reason])}`).join(', ')
  return [
    `${count.format(outcome.orders)} orders with ${count.format(outcome.lines)} lines and ${money.format(outcome.grossMinor / 100)} are in the hall.`,
    `Placed now: ${count.format(outcome.placed)} in ${outcome.seconds} s, ${outcome.ordersPerSecond} a second.`,
    `Lines that are no sales: ${skipped}.`,
  ].join('\n')
}
