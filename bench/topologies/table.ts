/** The price of distribution, for people. */
import type { AllFigures, TopologyFigures, TopologyName } from './measure.ts'

const titles: Record<TopologyName, string> = {
  oneProcess: 'one process',
  ordersOut: 'orders outside',
  allOut: 'every module outside',
}

const rows: [label: string, shown: (figures: TopologyFigures) => string][] = [
  ['processes', ({ processes }) => String(processes)],
  ['customers at once, where it does best', ({ customers }) => String(customers)],
  ['orders per second, eight requests each', ({ ordersPerSecond }) => ordersPerSecond.toFixed(1)],
  ['  of one process', ({ keeps }) => `${Math.round(keeps * 100)} %`],
  ['a whole checkout, half within', ({ p50Ms }) => `${Math.round(p50Ms)} ms`],
  ['  95 % within', ({ p95Ms }) => `${Math.round(p95Ms)} ms`],
  ['calls between modules per checkout', ({ callsPerCheckout }) => callsPerCheckout.toFixed(1)],
  ['round trips between processes', ({ roundTripsPerCheckout }) => roundTripsPerCheckout.toFixed(1)],
  ['  in so many requests', ({ requestsPerCheckout }) => requestsPerCheckout.toFixed(1)],
  ['SQL statements per checkout', ({ statementsPerCheckout }) => statementsPerCheckout.toFixed(1)],
]

export function topologyTable(figures: AllFigures): string {
  const names = Object.keys(titles) as TopologyName[]
  const width = Math.max(...rows.map(([label]) => label.length))
  const line = (label: string, cells: string[]) =>
    [label.padEnd(width), ...cells.map((cell, index) => cell.padStart(titles[names[index]!].length))].join('   ')
  return [
    line(
      '',
      names.map((name) => titles[name]),
    ),
    ...rows.map(([label, shown]) =>
      line(
        label,
        names.map((name) => shown(figures[name])),
      ),
    ),
  ].join('\n')
}
