/** What the shop benchmark found, and how it is shown. */

/** The last line with `--json`. Latencies in milliseconds; per checkout is on average, a lone one, its background work included. */
export type ShopFigures = {
  listsPerSecond: number
  getsPerSecond: number
  ordersPerSecond: number
  /** Of a checkout's slowest request, with 16 customers. */
  checkoutP95Ms: number
  /** All requests of a checkout that is alone; the median. */
  checkoutLoneMs: number
  /** BEGIN, COMMIT and ROLLBACK not counted. */
  queriesPerCheckout: number
  /** Reading ones included: a statement outside of a transaction is one of its own. */
  transactionsPerCheckout: number
  rssMb: number
  secondStartMs: number
}

export type ShopMeasurement = {
  figures: ShopFigures
  requestsPerCheckout: number
  writingTransactionsPerCheckout: number
  roundTripsPerCheckout: number
  /** The statements of a checkout, most frequent first: name and how many per checkout. */
  statements: [name: string, perCheckout: number][]
}

const STATEMENTS_SHOWN = 60

export function shopTable(measured: ShopMeasurement): string {
  const { figures, requestsPerCheckout, writingTransactionsPerCheckout, roundTripsPerCheckout, statements } = measured
  const rows: [string, string][] = [
    ['lists of 20 per second', shown(figures.listsPerSecond)],
    ['gets per second', shown(figures.getsPerSecond)],
    ['orders per second, placed and paid', shown(figures.ordersPerSecond)],
    [`  p95 of the slowest of its ${requestsPerCheckout} requests`, `${shown(figures.checkoutP95Ms)} ms`],
    [`lone checkout, ${requestsPerCheckout} requests`, `${shown(figures.checkoutLoneMs)} ms`],
    ['  SQL statements', shown(figures.queriesPerCheckout)],
    ['  transactions', shown(figures.transactionsPerCheckout)],
    ['    of these writing', shown(writingTransactionsPerCheckout)],
    ['  round trips to the database', shown(roundTripsPerCheckout)],
    ['memory of the hall after load', `${shown(figures.rssMb)} MB`],
    ['second start to ready', `${shown(figures.secondStartMs)} ms`],
  ]
  const frequent = statements.slice(0, STATEMENTS_SHOWN).filter(([, count]) => count >= 0.05)
  const width = Math.max(...rows.map(([label]) => label.length))
  const lines = rows.map(([label, value]) => `${label.padEnd(width)}  ${value.padStart(12)}`)
  const counted = frequent.map(([name, count]) => `${count.toFixed(2).padStart(7)}  ${name}`)
  return [...lines, '', 'Statements per lone checkout:', ...counted, ''].join('\n')
}

const shown = (value: number): string => value.toLocaleString('en-GB', { maximumFractionDigits: value < 100 ? 1 : 0 })
