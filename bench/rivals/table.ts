import type { RivalFigures } from './main.ts'

const rows: [label: string, of: (figures: RivalFigures) => string][] = [
  ['lists of 20 per second', ({ listsPerSecond }) => shown(listsPerSecond)],
  ['gets per second', ({ getsPerSecond }) => shown(getsPerSecond)],
  ['searches per second', ({ searchesPerSecond }) => shown(searchesPerSecond)],
  ['orders per second, eight requests each', ({ ordersPerSecond }) => shown(ordersPerSecond)],
  ['  p95 of the slowest request', ({ checkoutP95Ms }) => `${shown(checkoutP95Ms)} ms`],
  ['lone checkout', ({ checkoutLoneMs }) => `${shown(checkoutLoneMs)} ms`],
  ['  SQL statements', ({ queriesPerCheckout }) => shown(queriesPerCheckout)],
  ['memory after load, all its processes', ({ rssMb }) => `${shown(rssMb)} MB`],
  ['start to ready', ({ startMs }) => `${shown(startMs)} ms`],
]

/** What was measured, a column for each rival. */
export function rivalTable(measured: readonly RivalFigures[]): string {
  const width = Math.max(...rows.map(([label]) => label.length))
  const line = (label: string, cells: string[]) =>
    [label.padEnd(width), ...cells.map((cell) => cell.padStart(16))].join('  ')
  return [
    line(
      '',
      measured.map(({ name }) => name),
    ),
    ...rows.map(([label, of]) => line(label, measured.map(of))),
    '',
  ].join('\n')
}

const shown = (value: number): string => value.toLocaleString('en-GB', { maximumFractionDigits: value < 100 ? 1 : 0 })
