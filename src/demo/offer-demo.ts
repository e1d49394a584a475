import { setTimeout as delay } from 'node:timers/promises'
import { clientsFor } from '#platform/calls/clients'
import { failureFromClientError, httpStatusOf } from '#platform/errors'
import type { HallProcess } from '#platform/host/open-process'
import type { Log } from '#platform/log'
import type { Actor } from '#platform/values'
import { contracts } from '../contracts.ts'
import { type DemoCalls, fillWithDemo } from './fill-hall.ts'

const demo: Actor = {
  kind: 'service',
  id: 'demo',
  permissions: ['catalog:read', 'catalog:write', 'inventory:write', 'fulfilment:write'],
}
const callMsMax = 10_000
/** How long modules in other processes may take to answer for the first time. */
const patienceMs = 10_000
const pauseMs = 200

/**
 * Fills the hall with the demo where it has no products yet. What lives in other processes is waited for, but not for
 * long: a hall opens without its demo rather than not at all, and the next start offers it again.
 */
export async function offerDemo(hall: Pick<HallProcess, 'dispatch' | 'newId'>, log: Log): Promise<void> {
  const waitUntil = performance.now() + patienceMs
  for (;;) {
    try {
      await fillWithDemo(callsOf(hall))
      return
    } catch (error) {
      if (mayAnswerSoon(error) && performance.now() < waitUntil) await delay(pauseMs)
      else return log.warn({ err: error }, 'the demo was left out; the next start offers it again')
    }
  }
}

function callsOf({ dispatch, newId }: Pick<HallProcess, 'dispatch' | 'newId'>): DemoCalls {
  const callees = ['catalog', 'inventory', 'fulfilment']
  return clientsFor({ caller: 'gateway', callees, contracts, dispatch })({
    actor: demo,
    caller: 'gateway',
    requestId: newId('req', { module: 'gateway', requestId: 'demo' }),
    traceparent: undefined,
    deadlineAt: Date.now() + callMsMax,
    key: undefined,
    undoesKey: undefined,
    signal: undefined,
  })
}

function mayAnswerSoon(error: unknown): boolean {
  const failure = failureFromClientError(error)
  return failure !== undefined && httpStatusOf(failure.code) >= 502
}
