/** Calls as this process made them: who called whom, near or far, and what came of it. */
import type { Count, Counted, Traffic } from '../calls/traffic.ts'
import { counter, type Figures, histogram, type Labels } from './family.ts'

type OneCounted = Counted<Count>

const edgeOf = ({ caller, module, operation }: OneCounted) => ({ caller, callee: module, operation })

/** The figures of a process's traffic. */
export function callFigures(traffic: Traffic): Figures {
  const placed = (): (readonly [labels: Labels, count: Count])[] => [
    ...traffic.near.list().map((each) => [{ ...edgeOf(each), place: 'near' }, each.count] as const),
    ...traffic.far.list().map((each) => [{ ...edgeOf(each), place: 'far' }, each.count] as const),
  ]
  return {
    families: [
      counter(
        'markethall_calls_total',
        'Calls of operations by who called whom, in this process (near) or another (far), and outcome: ok or the reason of the failure.',
        () =>
          placed().flatMap(([labels, count]) =>
            outcomesOf(count).map(([outcome, value]) => [{ ...labels, outcome }, value]),
          ),
      ),
      counter('markethall_call_seconds_total', 'The time that these calls took, as their callers saw it.', () =>
        placed().map(([labels, { totalMicros }]) => [labels, totalMicros / 1e6]),
      ),
      histogram('markethall_far_call_duration_seconds', 'How long calls to other processes took.', () =>
        traffic.far.list().map((each) => [edgeOf(each), each.count.seconds]),
      ),
    ],
  }
}

function outcomesOf({
  calls,
  failures = new Map<string, number>(),
}: Count): (readonly [outcome: string, value: number])[] {
  const failed = failures.values().reduce((sum, count) => sum + count, 0)
  return [['ok', calls - failed], ...failures]
}
