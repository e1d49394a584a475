/**
 * Makes calls to modules elsewhere: chooses an instance, and chooses again where the call was lost.
 *
 * Of two instances drawn at random the one that will sooner have time gets the call. A lost call is made again where that can do no harm: a
 * query, a command with a key, and anything that cannot have arrived. Where no instance can be reached, callers wait until one can,
 * as long as the policy says and their deadline allows; a callee that has been away for longer costs them no time at all.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Outcome } from '../calls/run.ts'
import { deadlineExceeded, DomainError, unavailable } from '../errors.ts'
import type { Addresses } from '../directory/directory.ts'
import type { Log } from '../log.ts'
import type { Certificates } from './certificates.ts'
import { CalleeCounts, type CalleeReading, type FarReading, LinkCounts } from './counts.ts'
import { Instance } from './instance.ts'
import { refuse } from './link.ts'
import { Lost } from './pending.ts'
import { type CallPolicy, defaultPolicy, type Policies } from './policy.ts'
import { PolicyLog } from './policy-log.ts'
import { createSealer, type ProcessIdentity } from './tokens.ts'
import type { FarCall } from './wire.ts'

export type FarClient = {
  /** Makes a call to one of the instances that are at these addresses while it is made. Never throws. */
  call(addresses: Addresses, call: FarCall): Promise<Outcome>
  /** Makes a call to this one instance, once. Never throws. */
  callAt(address: string, call: FarCall): Promise<Outcome>
  /** Whether an instance lives. */
  ping(address: string): Promise<boolean>
  /** What was counted until now. */
  read(): FarReading
  close(): Promise<void>
}

export type FarClientOptions = {
  secret: string
  self: ProcessIdentity
  log: Log
  policies?: Policies | undefined
  certificates?: Certificates | undefined
}

const overloaded = (module: string) =>
  new DomainError(
    'platform.overloaded',
    'SERVICE_UNAVAILABLE',
    `Too many calls to ${module} are under way. Ask again in a moment.`,
    { retryAfterMs: 500 },
  )

/** A module elsewhere, as this process has called it. */
type Callee = { policy: CallPolicy; inFlight: number; retries: number; counts: CalleeCounts; log: PolicyLog }

export function createFarClient({ secret, self, log, policies = {}, certificates }: FarClientOptions): FarClient {
  const instances = new Map<string, Instance>()
  const callees = new Map<string, Callee>()
  const gone = { ejections: 0, counts: new LinkCounts() }
  const policyLog = new PolicyLog(log)
  const instanceAt = (address: string): Instance => {
    const known = instances.get(address)
    if (known) return known
    const made = new Instance({ address, seal: createSealer(secret, self), log, certificates })
    instances.set(address, made)
    return made
  }
  const resolved = new Map<Addresses, { list: readonly string[]; there: readonly Instance[] }>()
  const resolve = (addresses: Addresses): readonly Instance[] => {
    const known = resolved.get(addresses)
    if (known?.list === addresses.list) return known.there
    resolved.set(addresses, { list: addresses.list, there: addresses.list.map(instanceAt) })
    retire(new Set([...resolved.values()].flatMap(({ list }) => list)))
    return resolved.get(addresses)!.there
  }
  /** Those that are in no list any more end once their calls are through. */
  const retire = (listed: ReadonlySet<string>) => {
    for (const [address, instance] of instances) {
      if (listed.has(address)) continue
      instances.delete(address)
      instance.retire()
      const { ejections, counts } = instance.read()
      gone.ejections += ejections
      gone.counts.add(counts)
    }
  }
  const calleeOf = (module: string): Callee => {
    const known = callees.get(module)
    if (known) return known
    const policy = { ...defaultPolicy, ...policies[module] }
    // What one crash can lose is what is under way.
    const made = { policy, inFlight: 0, retries: policy.inFlightMax, counts: new CalleeCounts(), log: policyLog }
    callees.set(module, made)
    log.info({ callee: module, ...policy }, 'a module elsewhere is called under this policy')
    return made
  }
  return {
    async call(addresses, call) {
      const { module } = call.route
      const callee = calleeOf(module)
      if (callee.inFlight >= callee.policy.inFlightMax) {
        callee.counts.overloaded += 1
        policyLog.tell(module, 'calls are refused: too many are under way')
        return refuse(overloaded(module))
      }
      callee.inFlight += 1
      callee.retries = Math.min(callee.policy.inFlightMax, callee.retries + callee.policy.retryShare)
      try {
        const outcome = await callAt(() => resolve(addresses), { addresses, callee }, call)
        if (!outcome.ok && outcome.failure.reason === 'platform.deadline_exceeded') callee.counts.expired += 1
        return outcome
      } finally {
        callee.inFlight -= 1
      }
    },
    callAt: (address, call) => callOnce(instanceAt(address), call),
    ping: (address) => instanceAt(address).ping(),
    read: () => ({ callees: readingsOf(callees), instances: [...instances.values()].map((each) => each.read()), gone }),
    async close() {
      await Promise.all([...instances.values()].map((instance) => instance.close()))
    },
  }
}

const readingsOf = (callees: ReadonlyMap<string, Callee>): CalleeReading[] =>
  [...callees].map(([module, { policy, inFlight, retries, counts }]) => {
    return { module, policy, inFlight, retriesLeft: retries, counts }
  })

const callOnce = (instance: Instance, call: FarCall): Promise<Outcome> =>
  instance.send(call).catch(() => refuse(unavailable(`${instance.address} cannot be reached.`)))

type Called = { addresses: Addresses; callee: Callee }

async function callAt(
  resolve: () => readonly Instance[],
  { addresses, callee }: Called,
  call: FarCall,
): Promise<Outcome> {
  const { route, context } = call
  const { counts } = callee
  const gone = () => {
    counts.unavailable += 1
    return refuse(unavailable(`${route.module} cannot be reached.`))
  }
  let hasWaited = false
  for (;;) {
    if (context.deadlineAt <= Date.now()) return refuse(deadlineExceeded(route.path))
    const there = resolve()
    const instance = choose(there)
    if (!instance) {
      const downMs =
        there.length === 0 ? performance.now() - addresses.since : Math.min(...there.map((each) => each.downMs))
      const patienceMs = Math.min(callee.policy.patienceMs - downMs, context.deadlineAt - Date.now())
      if (patienceMs <= 0) return gone()
      if (!hasWaited) counts.waited += 1
      hasWaited = true
      counts.waiting += 1
      await oneIsUp(there, patienceMs)
      counts.waiting -= 1
      continue
    }
    try {
      return await instance.send(call)
    } catch (error) {
      if (!(error instanceof Lost)) throw error
      if (!mayBeMadeAgain(call, error)) return gone()
      if (callee.retries < 1) {
        counts.retriesRefused += 1
        callee.log.tell(route.module, 'lost calls are not made again: retries are used up')
        return gone()
      }
      callee.retries -= 1
      counts.retried += 1
    }
  }
}

/** One that can be reached: of two that are drawn the one with less to do. */
function choose(there: readonly Instance[]): Instance | undefined {
  if (there.length === 1) return there[0]!.isUp ? there[0] : undefined
  const reachable = there.filter(({ isUp }) => isUp)
  const staying = reachable.filter(({ isLeaving }) => !isLeaving)
  const up = staying.length > 0 ? staying : reachable
  if (up.length < 2) return up[0]
  const first = Math.floor(Math.random() * up.length)
  const second = (first + 1 + Math.floor(Math.random() * (up.length - 1))) % up.length
  return up[first]!.load <= up[second]!.load ? up[first] : up[second]
}

/** How often it is looked whether others have announced themselves. */
const lookMs = 100

/** Until an instance can be reached, or it is time to look again. */
async function oneIsUp(there: readonly Instance[], patienceMs: number): Promise<void> {
  const enough = new AbortController()
  const tooLong = delay(Math.min(patienceMs, lookMs), undefined, { signal: enough.signal }).catch(() => undefined)
  await Promise.race([tooLong, ...there.map((each) => each.whenUp)])
  enough.abort()
}

const mayBeMadeAgain = ({ route, context }: FarCall, { arrived }: Lost): boolean =>
  !arrived || route.kind === 'query' || context.key !== undefined
