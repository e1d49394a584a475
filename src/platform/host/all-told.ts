/**
 * The traffic of a whole hall. Whoever answers `traffic` tells of its own process; asked at the gateway, all instances tell of theirs,
 * and the gateway of what clients asked, whether or not it hosts a module.
 */
import type { Dispatch, Placements } from '../calls/clients.ts'
import type { CallContext } from '../calls/context.ts'
import type { Outcome } from '../calls/run.ts'
import type { Traffic } from '../calls/traffic.ts'
import type { FarClient } from '../far/far-client.ts'
import type { operatorOperations, TrafficTold } from '../operate/contract.ts'

const operation = 'traffic' satisfies keyof typeof operatorOperations
/** An instance that takes longer is not told of. */
const patienceMs = 2_000

export type Asked = {
  placements: Placements
  far: Pick<FarClient, 'callAt'>
  /** What was called from the gateway's own process. */
  traffic: Traffic
}

/** Dispatches as before, and completes the answer to `traffic`. */
export function tellingAll(dispatch: Dispatch, { placements, far, traffic }: Asked): Dispatch {
  return async (route, context, input) => {
    const outcome = await dispatch(route, context, input)
    if (route.name !== operation || !outcome.ok) return outcome
    const placement = placements.locate(route.module)
    const addresses = 'addresses' in placement ? placement.addresses.list : []
    const deadlineAt = Math.min(context.deadlineAt, Date.now() + patienceMs)
    const limited: CallContext = { ...context, deadlineAt }
    const ask = (address: string) => far.callAt(address, { route, context: limited, input })
    const outcomes = await Promise.all(addresses.map(ask))
    const { process, since, arrived } = traffic
    const own = { process, since, calls: traffic.read(), arrived }
    const silent = addresses.filter((_, index) => !outcomes[index]!.ok)
    return { ok: true, value: { ...(outcome.value as TrafficTold), processes: [own, ...told(outcomes)], silent } }
  }
}

const told = (outcomes: readonly Outcome[]) =>
  outcomes.flatMap((outcome) => {
    if (!outcome.ok) return []
    const { process, since, calls, arrived } = outcome.value as TrafficTold
    return [{ process, since, calls, arrived }]
  })
