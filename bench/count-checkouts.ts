/** What a checkout costs the database: counted on the wire, at a load of 16 customers and alone, background work included. */
import { setTimeout as pause } from 'node:timers/promises'
import { acquirePostgres } from '#platform/data/embedded-postgres'
import pg from 'pg'
import { startHallChild } from './hall-child.ts'
import { runLoad } from './load.ts'
import { type Counts, openPostgresTap, type PostgresTap } from './postgres-tap.ts'
import type { CheckoutCost, ShopMeasurement } from './shop-figures.ts'
import { CONNECTIONS, type ShopOptions } from './shop-options.ts'
import { buy, buyAlone } from './shop-stock.ts'
import { createWireClient } from './wire-client.ts'

const LONE_CHECKOUTS = 40
const WARM_UP_SECONDS = 2
/** Events, and what follows from them, are applied well within this. */
const BACKGROUND_MS = 3_000

/** Listens to a hall while it serves checkouts, and then, equally long, while it idles, which is taken off. */
export async function countCheckouts(
  dataDir: string,
  { progress, seconds, signal }: ShopOptions,
): Promise<ShopMeasurement['cost']> {
  progress('Counting the statements of a checkout.')
  await using postgres = await acquirePostgres({ dataDir })
  await using tap = await openPostgresTap(postgres.url)
  await using hall = await startHallChild({ dataDir, settings: { DATABASE_URL: tap.url } })
  await using guests = createWireClient(hall.url, { connections: CONNECTIONS })
  const load = (turns: number, forSeconds: number) =>
    runLoad({
      customers: CONNECTIONS,
      seconds: forSeconds,
      signal,
      work: async (turn) => (await buy(guests, turns + turn)).totalMs,
    })
  await load(7_000_000, WARM_UP_SECONDS)
  const counting = { tap, databaseUrl: postgres.url }
  const loaded = await costOf(counting, async () => (await load(8_000_000, seconds)).count)
  const lone = await costOf(counting, async () => {
    await buyAlone(guests, { checkouts: LONE_CHECKOUTS, signal })
    return LONE_CHECKOUTS
  })
  return { loaded, lone }
}

type Counting = { tap: PostgresTap; databaseUrl: string }

/** What each of the checkouts costs that are made meanwhile, what follows from them included. */
export async function costOf({ tap, databaseUrl }: Counting, buying: () => Promise<number>): Promise<CheckoutCost> {
  await pause(BACKGROUND_MS)
  const written = await writtenTransactions(databaseUrl)
  tap.take()
  const begun = performance.now()
  const checkouts = await buying()
  await pause(BACKGROUND_MS)
  const busy = tap.take()
  const writtenBusy = await writtenTransactions(databaseUrl)
  await pause(performance.now() - begun)
  const idle = tap.take()
  const writtenIdle = await writtenTransactions(databaseUrl)
  const each = (name: 'statements' | 'transactions' | 'roundTrips') => (busy[name] - idle[name]) / checkouts
  return {
    statements: each('statements'),
    transactions: each('transactions'),
    roundTrips: each('roundTrips'),
    writingTransactions: (writtenBusy - written - (writtenIdle - writtenBusy)) / checkouts,
    byName: namesOf(busy, idle, checkouts),
  }
}

const namesOf = (busy: Counts, idle: Counts, checkouts: number): CheckoutCost['byName'] =>
  [...busy.byName]
    .map(([name, count]): [string, number] => [name, (count - (idle.byName.get(name) ?? 0)) / checkouts])
    .toSorted(([, one], [, other]) => other - one)

/** How many transactions have written anything, ever: only those are given a number. */
async function writtenTransactions(databaseUrl: string): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ next: string }>(
      'SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next',
    )
    return Number(rows[0]?.next)
  } finally {
    await client.end()
  }
}
