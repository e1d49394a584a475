/** What the shop benchmark found, and how it is shown. */

/**
 * The last line with `--json`. Latencies in milliseconds. Lists, gets and searches are answered from the database; `cached…` from
 * the read cache. What a checkout costs the database is counted at the load of 16 connections, background work included.
 */
export type ShopFigures = {
  listsPerSecond: number
  getsPerSecond: number
  searchesPerSecond: number
  cachedListsPerSecond: number
  cachedGetsPerSecond: number
  ordersPerSecond: number
  /** Of a checkout's slowest request, with 16 customers. */
  checkoutP95Ms: number
  /** All requests of a checkout that is alone; the median. */
  checkoutLoneMs: number
  /** BEGIN, COMMIT and ROLLBACK not counted. */
  queriesPerCheckout: number
  /** Those that write; a statement that only reads is none, and is counted above. */
  transactionsPerCheckout: number
  rssMb: number
  secondStartMs: number
}

/** What one checkout costs the database. `transactions` counts those that read, too. */
export type CheckoutCost = {
  statements: number
  transactions: number
  writingTransactions: number
  roundTrips: number
  /** Statements by name, most frequent first, per checkout. */
  byName: [name: string, perCheckout: number][]
}

export type ShopMeasurement = {
  figures: ShopFigures
  requestsPerCheckout: number
  /** With 16 customers, and alone. */
  cost: { loaded: CheckoutCost; lone: CheckoutCost }
}

const STATEMENTS_SHOWN = 60

export function shopTable({ figures, requestsPerCheckout, cost }: ShopMeasurement): string {
  const { loaded, lone } = cost
  const both = (of: (each: CheckoutCost) => number) => `${shown(of(loaded))} · ${shown(of(lone))}`
  const rows: [string, string][] = [
    ['lists of 20 per second, from the database', shown(figures.listsPerSecond)],
    ['gets per second, from the database', shown(figures.getsPerSecond)],
    ['searches per second, from the database', shown(figures.searchesPerSecond)],
    ['lists per second, from the read cache', shown(figures.cachedListsPerSecond)],
    ['gets per second, from the read cache', shown(figures.cachedGetsPerSecond)],
    ['orders per second, placed and paid', shown(figures.ordersPerSecond)],
    [`  p95 of the slowest of its ${requestsPerCheckout} requests`, `${shown(figures.checkoutP95Ms)} ms`],
    [`lone checkout, ${requestsPerCheckout} requests`, `${shown(figures.checkoutLoneMs)} ms`],
    ['a checkout at this load · alone', ''],
    ['  SQL statements', both(({ statements }) => statements)],
    ['  transactions that write', both(({ writingTransactions }) => writingTransactions)],
    ['  all transactions, reads included', both(({ transactions }) => transactions)],
    ['  round trips to the database', both(({ roundTrips }) => roundTrips)],
    ['memory of the hall after load', `${shown(figures.rssMb)} MB`],
    ['second start to ready', `${shown(figures.secondStartMs)} ms`],
  ]
  const width = Math.max(...rows.map(([label]) => label.length))
  const lines = rows.map(([label, value]) => `${label.padEnd(width)}  ${value.padStart(14)}`)
  const frequent = loaded.byName.slice(0, STATEMENTS_SHOWN).filter(([, count]) => count >= 0.05)
  const counted = frequent.map(([name, count]) => `${count.toFixed(2).padStart(7)}  ${name}`)
  return [...lines, '', 'Statements per checkout at this load:', ...counted, ''].join('\n')
}

const shown = (value: number): string => value.toLocaleString('en-GB', { maximumFractionDigits: value < 100 ? 1 : 0 })
