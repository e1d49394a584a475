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
import { Instance } from './instance.ts'
import { refuse } from './link.ts'
import { Lost } from './pending.ts'
import { type CallPolicy, defaultPolicy, type Policies } from './policy.ts'
import { createSealer, type ProcessIdentity } from './tokens.ts'
import type { FarCall } from './wire.ts'

export type FarClient = {
  /** Makes a call to one of the instances that are at these addresses while it is made. Never throws. */
  call(addresses: Addresses, call: FarCall): Promise<Outcome>
  /** Whether an instance lives. */
  ping(address: string): Promise<boolean>
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
type Callee = { policy: CallPolicy; inFlight: number; retries: number }

export function createFarClient({ secret, self, log, policies = {}, certificates }: FarClientOptions): FarClient {
  const instances = new Map<string, Instance>()
  const callees = new Map<string, Callee>()
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
    }
  }
  const calleeOf = (module: string): Callee => {
    const known = callees.get(module)
    if (known) return known
    const policy = { ...defaultPolicy, ...policies[module] }
    // What one crash can lose is what is under way.
    const made = { policy, inFlight: 0, retries: policy.inFlightMax }
    callees.set(module, made)
    return made
  }
  return {
    async call(addresses, call) {
      const { module } = call.route
      const callee = calleeOf(module)
      if (callee.inFlight >= callee.policy.inFlightMax) return refuse(overloaded(module))
      callee.inFlight += 1
      callee.retries = Math.min(callee.policy.inFlightMax, callee.retries + callee.policy.retryShare)
      try {
        return await callAt(() => resolve(addresses), { addresses, callee }, call)
      } finally {
        callee.inFlight -= 1
      }
    },
    ping: (address) => instanceAt(address).ping(),
    async close() {
      await Promise.all([...instances.values()].map((instance) => instance.close()))
    },
  }
}

type Called = { addresses: Addresses; callee: Callee }

async function callAt(
  resolve: () => readonly Instance[],
  { addresses, callee }: Called,
  call: FarCall,
): Promise<Outcome> {
  const { route, context } = call
  const gone = () => refuse(unavailable(`${route.module} cannot be reached.`))
  for (;;) {
    if (context.deadlineAt <= Date.now()) return refuse(deadlineExceeded(route.path))
    const there = resolve()
    const instance = choose(there)
    if (!instance) {
      const downMs =
        there.length === 0 ? performance.now() - addresses.since : Math.min(...there.map((each) => each.downMs))
      const patienceMs = Math.min(callee.policy.patienceMs - downMs, context.deadlineAt - Date.now())
      if (patienceMs <= 0) return gone()
      await oneIsUp(there, patienceMs)
      continue
    }
    try {
      return await instance.send(call)
    } catch (error) {
      if (!(error instanceof Lost)) throw error
      if (!mayBeMadeAgain(call, error) || callee.retries < 1) return gone()
      callee.retries -= 1
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
