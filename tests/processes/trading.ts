/** The trade with its file: as the command in this process, as the command in a process of its own, or call by call. */
import { readConfig } from '#platform/config'
import { connectHall, reachHall } from '../../src/commands/connect-hall.ts'
import { createHallCalls, type HallCalls } from '../../src/commands/hall-calls.ts'
import { createHttpHallClient } from '../../src/commands/trade/http-hall-client.ts'
import { placeTrade, type TradeOutcome } from '../../src/commands/trade/place-trade.ts'
import { openTradeFile } from '../../src/commands/trade/read-invoices.ts'
import { runHall } from '../../src/hall.ts'
import { expect, onTestFailed } from 'vitest'
import expected from '../fixtures/trade/expected.json' with { type: 'json' }
import { type BookedOrder, bookedOrders, expectSums } from './books.ts'
import { type Program, startProgram } from './program.ts'
import type { World } from './world.ts'

export const fixture = 'tests/fixtures/trade/two-days.csv'

/** What must come of the fixture: of each day, of both together, and order by order. */
export const days = expected.days
const [first, second] = [days['2011-03-07'], days['2011-03-08']]
export const totals = {
  orders: first.orders + second.orders,
  lines: first.lines + second.lines,
  grossMinor: first.grossMinor + second.grossMinor,
}
export const skipped = {
  cancellation: first.skipped.cancellation + second.skipped.cancellation,
  not_positive: first.skipped.not_positive + second.skipped.not_positive,
  free: first.skipped.free + second.skipped.free,
}
export const orders: BookedOrder[] = expected.orders.toSorted((a, b) => (a.invoice < b.invoice ? -1 : 1))
export const products = expected.products

export const callsOf = async (world: World, url: string): Promise<HallCalls> =>
  createHallCalls(url, await world.ownerKey())

/** Runs `hall <args>` in this process, against a world's hall. */
export async function runTool(
  world: World,
  args: readonly string[],
): Promise<{ code: number; out: string[]; err: string }> {
  const out: string[] = []
  let err = ''
  const terminal = {
    out: (line: string) => void out.push(line),
    err: (text: string) => void (err += text),
    interactive: false,
    columns: 80,
  }
  const config = readConfig(world.env)
  const code = await runHall([...args], {
    terminal,
    config: () => config,
    interruption: () => new AbortController().signal,
    connect: (options) => connectHall({ ...options, config, terminal }),
    reach: (options) => reachHall({ ...options, config }),
  })
  return { code, out, err }
}

/** Starts `hall <args>` as a process of its own. */
export const startTool = (world: World, args: readonly string[]): Program =>
  startProgram('src/hall.ts', args, world.env)

/** The last line that the command wrote, which `--json` makes the outcome. */
export const outcomeOf = (out: readonly string[]): TradeOutcome => JSON.parse(out.at(-1) ?? '') as TradeOutcome

/** Places the fixture's sales, asking again at once whenever the hall is away, for as long as a test may last. */
export async function placeFixture(world: World, url: string): Promise<TradeOutcome> {
  const pause = () => new Promise((resolve) => setTimeout(resolve, 40))
  const client = createHttpHallClient(await callsOf(world, url), { patienceMs: 120_000, pause })
  return placeTrade(await openTradeFile(fixture, {}), client, { concurrency: 8 })
}

/** The books of the fixture, whatever happened while they were written. */
export async function expectTheBooks(world: World): Promise<void> {
  await expectSums(world, totals)
  expect(await bookedOrders(world.sql)).toEqual(orders)
}

/** What the programs said last, where the test fails. */
export function tellOnFailure(programs: readonly Program[]): void {
  onTestFailed(() => console.info(programs.map(({ err }) => err.slice(-20).join('\n')).join('\n--- ended ---\n')))
}
