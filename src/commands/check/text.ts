/** A readiness for a terminal. */
import { durationOf } from '../graph/text.ts'
import { figuresOf } from '../table.ts'
import { farCallMs } from './border.ts'
import type { Readiness } from './readiness.ts'

const whole = new Intl.NumberFormat('en-GB')

/** Everything that the verdict rests on, and the verdict last. */
export function describeReadiness(readiness: Readiness): string[] {
  const { findings } = readiness
  const width = Math.max(...findings.map(({ about }) => about.length))
  const lines = findings.flatMap(({ about, result, sentence, details }) => [
    `${result.padEnd(3)}  ${about.padEnd(width)}  ${sentence}`,
    ...details.map((detail) => `${' '.repeat(width + 7)}- ${detail}`),
  ])
  return [...lines, ...borderTable(readiness), '', ...priceOf(readiness), verdictSentence(readiness)]
}

function borderTable({ module, border: { edges, clients } }: Readiness): string[] {
  const calling = [
    ...edges,
    ...(clients && clients.count > 0 ? [{ from: 'clients', to: module, traffic: clients }] : []),
  ]
  if (calling.every(({ traffic }) => traffic === undefined)) return []
  const rows = calling.map(({ from, to, traffic }) => [
    `${from} → ${to}`,
    whole.format(traffic?.count ?? 0),
    traffic?.perCheckout?.toFixed(1) ?? '',
    traffic?.meanMs === undefined ? '' : durationOf(traffic.meanMs),
  ])
  return ['', ...figuresOf([['Over the border', 'calls', 'a checkout', 'mean'], ...rows], 1)]
}

/** What it costs, in sentences: of calls that run side by side only the longest counts, so it is a bound. */
export function priceOf({ module, border, addedMsPerCheckout }: Readiness): string[] {
  const each = `${farCallMs} ms (a lone call between two processes on one machine; npm run bench -- calls measures it here)`
  const { callsPerCheckout, clients } = border
  const checkouts =
    addedMsPerCheckout === undefined
      ? [`A call over the border takes about ${each} more.`]
      : callsPerCheckout === 0
        ? ['A checkout takes no longer: none of its calls between modules would cross the border.']
        : [
            `A checkout takes at most ${addedMsPerCheckout.toFixed(2)} ms more: ${callsPerCheckout!.toFixed(1)} calls over the border at ${each}.`,
          ]
  const outside =
    clients && clients.count > 0
      ? [`What clients ask of ${module} takes ${farCallMs} ms more, since the gateway stays.`]
      : []
  return [...checkouts, ...outside]
}

/** `orders is ready to leave.`, or why not. */
export function verdictSentence({ module, verdict, findings }: Readiness): string {
  if (verdict === 'ready') return `${module} is ready to leave.`
  const worst = verdict === 'not ready' ? 'no' : 'but'
  const reasons = findings
    .filter(({ result }) => result === worst)
    .map(({ about, sentence }) => `${about}: ${sentence}`)
  return `${module} is ${verdict === 'not ready' ? 'not ready to leave' : 'ready to leave, but'}: ${reasons.join('; ')}.`
}
