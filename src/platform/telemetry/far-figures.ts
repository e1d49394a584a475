/** What the policies of calls to other processes did, and how their instances fare. */
import { type CalleeReading, type FarReading, type InstanceReading, LinkCounts } from '../far/counts.ts'
import { counter, type Family, type Figures, gauge, histogram } from './family.ts'

type Sources = {
  far: { read(): FarReading }
  /** Where a module is that is not here; undefined where it is. */
  addressesOf(module: string): readonly string[] | undefined
  /** Those that this process may call. */
  modules: readonly string[]
}

/** In whose name instances are counted that are in no list any more, all together. */
const goneInstances = 'gone'

/** The figures of what this process calls elsewhere. */
export function farFigures({ far, addressesOf, modules }: Sources): Figures {
  const ofCallees = (value: (callee: CalleeReading) => number) => () =>
    far.read().callees.map((callee) => [{ callee: callee.module }, value(callee)] as const)
  return {
    families: [
      ...policyFamilies(ofCallees),
      gauge(
        'markethall_far_instances',
        'Instances of a module elsewhere by state; one is untried until it is called.',
        () => {
          const reading = far.read()
          return modules.flatMap((module) =>
            [...statesOf(addressesOf(module), reading)].map(
              ([state, count]) => [{ callee: module, state }, count] as const,
            ),
          )
        },
      ),
      ...instanceFamilies(far),
      histogram('markethall_far_batch_calls', 'Calls that shared a request.', () => {
        const { instances, gone } = far.read()
        const all = new LinkCounts()
        for (const { counts } of [...instances, gone]) all.add(counts)
        return [[{}, all.batches]]
      }),
    ],
  }
}

type OfCallees = (value: (callee: CalleeReading) => number) => Parameters<typeof counter>[2]

const policyFamilies = (of: OfCallees): Family[] => [
  gauge(
    'markethall_far_calls_in_flight',
    'Calls under way.',
    of(({ inFlight }) => inFlight),
  ),
  gauge(
    'markethall_far_calls_in_flight_max',
    'How many may be under way at once.',
    of(({ policy }) => policy.inFlightMax),
  ),
  counter(
    'markethall_far_bulkhead_refusals_total',
    'Calls that were refused because too many were under way.',
    of(({ counts }) => counts.overloaded),
  ),
  counter(
    'markethall_far_retries_total',
    'Lost calls that were made again.',
    of(({ counts }) => counts.retried),
  ),
  counter(
    'markethall_far_retries_refused_total',
    'Lost calls that were not made again because retries were used up.',
    of(({ counts }) => counts.retriesRefused),
  ),
  gauge(
    'markethall_far_retries_left',
    'How many calls may be made again now.',
    of(({ retriesLeft }) => retriesLeft),
  ),
  gauge(
    'markethall_far_retry_share',
    'How many may be made again for each that is made.',
    of(({ policy }) => policy.retryShare),
  ),
  gauge(
    'markethall_far_calls_waiting',
    'Calls that wait until an instance can be reached.',
    of(({ counts }) => counts.waiting),
  ),
  counter(
    'markethall_far_waits_total',
    'Calls that had to wait for that.',
    of(({ counts }) => counts.waited),
  ),
  gauge(
    'markethall_far_patience_seconds',
    'How long they wait.',
    of(({ policy }) => policy.patienceMs / 1000),
  ),
  counter(
    'markethall_far_unavailable_total',
    'Calls that were given up: no instance could be reached, or the call was lost and not made again.',
    of(({ counts }) => counts.unavailable),
  ),
  counter(
    'markethall_far_deadlines_expired_total',
    'Calls whose time was up.',
    of(({ counts }) => counts.expired),
  ),
]

function instanceFamilies(far: Sources['far']): Family[] {
  const living = (value: (instance: InstanceReading) => number) => () =>
    far.read().instances.map((instance) => [{ instance: instance.address }, value(instance)] as const)
  const ever = (value: (counted: Pick<InstanceReading, 'ejections' | 'counts'>) => number) => () => {
    const { instances, gone } = far.read()
    const told = instances.map((instance) => [{ instance: instance.address }, value(instance)] as const)
    return [...told, [{ instance: goneInstances }, value(gone)] as const]
  }
  return [
    gauge(
      'markethall_far_instance_up',
      'Whether an instance is called: 0 while it is ejected.',
      living(({ state }) => (state === 'down' ? 0 : 1)),
    ),
    counter(
      'markethall_far_ejections_total',
      'How often an instance was ejected because it could not be reached.',
      ever(({ ejections }) => ejections),
    ),
    gauge(
      'markethall_far_instance_calls_in_flight',
      'Calls under way at an instance.',
      living(({ inFlight }) => inFlight),
    ),
    gauge(
      'markethall_far_instance_latency_seconds',
      'How fast an instance is believed to answer.',
      living(({ latencySeconds }) => latencySeconds),
    ),
    counter(
      'markethall_far_requests_total',
      'Requests to an instance; several calls may share one.',
      ever(({ counts }) => counts.requests),
    ),
    counter(
      'markethall_far_instance_calls_total',
      'Calls that were sent to an instance.',
      ever(({ counts }) => counts.calls),
    ),
    counter(
      'markethall_far_cancellations_total',
      'Calls that an instance was told to give up.',
      ever(({ counts }) => counts.cancels),
    ),
  ]
}

function statesOf(addresses: readonly string[] | undefined, { instances }: FarReading): Map<string, number> {
  const states = new Map<string, number>()
  if (addresses === undefined) return states
  for (const state of ['up', 'down', 'leaving', 'untried']) states.set(state, 0)
  for (const address of addresses) {
    const state = instances.find((each) => each.address === address)?.state ?? 'untried'
    states.set(state, states.get(state)! + 1)
  }
  return states
}
