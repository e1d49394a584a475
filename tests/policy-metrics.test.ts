/** What each policy of calls to other processes did, provoked once, is seen at `/metrics` and in the log. */
import type { CallContext } from '#platform/calls/context'
import { dispatchWith } from '#platform/calls/clients'
import { Traffic } from '#platform/calls/traffic'
import { createFarClient } from '#platform/far/far-client'
import type { CallPolicy } from '#platform/far/policy'
import { createLog } from '#platform/log'
import { callFigures } from '#platform/telemetry/call-figures'
import { farFigures } from '#platform/telemetry/far-figures'
import { Telemetry } from '#platform/telemetry/telemetry'
import { eventually } from '#testing/eventually'
import { describe, expect, onTestFinished, test } from 'vitest'
import { contextOf, openStall, hallSecret, routeTo } from './far/stall.ts'
import { readExposition } from './metrics/exposition.ts'

describe('a policy', () => {
  /** A process that calls stalls at these addresses, and tells of it. */
  function openCaller(list: readonly string[], policy: Partial<CallPolicy> = {}) {
    const lines: string[] = []
    const log = createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } })
    const self = { process: 'shop', modules: ['shop'], gateway: false }
    const far = createFarClient({ secret: hallSecret, self, log, policies: { stall: policy } })
    onTestFinished(() => far.close())
    const addresses = { list, since: performance.now() }
    const traffic = new Traffic(new Date().toISOString())
    const dispatch = dispatchWith({ locate: () => ({ addresses }) }, far, traffic)
    const figures = farFigures({ far, modules: ['stall'], addressesOf: () => addresses.list })
    const telemetry = new Telemetry([callFigures(traffic), figures])
    return {
      echo: async (text: string, changed: Partial<CallContext> = {}) => {
        const outcome = await dispatch(routeTo('echo'), contextOf(changed), { text })
        return outcome.ok ? 'ok' : outcome.failure.reason
      },
      async tells(name: string, labels?: Record<string, string>) {
        const { text } = await telemetry.tell()
        return readExposition(text).value(`markethall_${name}`, labels)
      },
      logged: (message: string) =>
        lines.filter((line) => line.includes(message)).map((line) => JSON.parse(line) as object),
    }
  }

  test('that is in force is told of, before it does anything', async () => {
    await using stall = await openStall({ name: 'one' })
    const { echo, tells, logged } = openCaller([stall.address], { inFlightMax: 7 })
    expect(await tells('far_instances', { callee: 'stall', state: 'untried' })).toBe(1)
    await Promise.all(['a', 'b', 'c'].map((text) => echo(text)))
    expect(await tells('far_calls_in_flight_max', { callee: 'stall' })).toBe(7)
    expect(await tells('far_patience_seconds', { callee: 'stall' })).toBe(5)
    expect(await tells('far_retry_share', { callee: 'stall' })).toBe(0.2)
    expect(logged('is called under this policy')).toMatchObject([{ callee: 'stall', inFlightMax: 7, patienceMs: 5000 }])
    expect(await tells('far_instances', { callee: 'stall', state: 'up' })).toBe(1)
    // The three shared a request.
    expect(await tells('far_requests_total', { instance: stall.address })).toBe(1)
    expect(await tells('far_instance_calls_total', { instance: stall.address })).toBe(3)
    expect(await tells('far_batch_calls_bucket', { le: '2' })).toBe(0)
    expect(await tells('far_batch_calls_bucket', { le: '4' })).toBe(1)
    const edge = { caller: 'shop', callee: 'stall', operation: 'echo' }
    expect(await tells('calls_total', { ...edge, place: 'far', outcome: 'ok' })).toBe(3)
    expect(await tells('far_call_duration_seconds_count', edge)).toBe(3)
    expect(await tells('call_seconds_total', edge)).toBeGreaterThan(0)
  })

  test('refuses calls when too many are under way', async () => {
    const gate = Promise.withResolvers<string>()
    await using stall = await openStall({ name: 'one', echo: () => gate.promise })
    const { echo, tells, logged } = openCaller([stall.address], { inFlightMax: 2 })
    const both = [echo('a'), echo('b')]
    for (let count = 0; count < 3; count += 1) expect(await echo('too many')).toBe('platform.overloaded')
    expect(await tells('far_calls_in_flight', { callee: 'stall' })).toBe(2)
    expect(await tells('far_bulkhead_refusals_total', { callee: 'stall' })).toBe(3)
    expect(await tells('calls_total', { callee: 'stall', outcome: 'platform.overloaded' })).toBe(3)
    // Said once: what is said of thousands drowns the rest.
    expect(logged('too many are under way')).toMatchObject([{ level: 'warn', callee: 'stall' }])
    gate.resolve('through')
    await Promise.all(both)
    expect(await tells('far_calls_in_flight', { callee: 'stall' })).toBe(0)
  })

  test('ejects an instance that is gone, makes its calls again elsewhere, and takes it back', async () => {
    const one = await openStall({ name: 'one', echo: () => new Promise(() => undefined) })
    await using other = await openStall({ name: 'other' })
    const { echo, tells, logged } = openCaller([one.address, other.address])
    const asked = new Promise<void>((resolve) => one.server.on('request', ({ url }) => url === '/calls' && resolve()))
    const calls = Array.from({ length: 20 }, () => echo('again'))
    await asked
    await one[Symbol.asyncDispose]()
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['ok']))
    expect(await tells('far_retries_total', { callee: 'stall' })).toBeGreaterThan(0)
    expect(await tells('far_ejections_total', { instance: one.address })).toBe(1)
    expect(await tells('far_instance_up', { instance: one.address })).toBe(0)
    expect(await tells('far_instances', { callee: 'stall', state: 'down' })).toBe(1)
    expect(logged('a process cannot be reached')).toMatchObject([{ level: 'warn', address: one.address }])
    await using again = await openStall({ name: 'one', port: one.port })
    expect(again.address).toBe(one.address)
    await eventually(
      () => tells('far_instance_up', { instance: one.address }),
      (up) => up === 1,
    )
    expect(logged('a process can be reached again')).toMatchObject([{ level: 'info', address: one.address }])
  })

  test('makes lost calls no more when retries are used up', async () => {
    // It lives, and loses whatever it is asked.
    await using stall = await openStall({ name: 'one', echo: () => new Promise(() => undefined) })
    stall.server.on('request', ({ url, socket }) => url === '/calls' && socket.destroy())
    const { echo, tells, logged } = openCaller([stall.address], { inFlightMax: 1, retryShare: 0 })
    expect(await echo('lost')).toBe('platform.unavailable')
    expect(await tells('far_retries_total', { callee: 'stall' })).toBe(1)
    expect(await tells('far_retries_refused_total', { callee: 'stall' })).toBe(1)
    expect(await tells('far_retries_left', { callee: 'stall' })).toBe(0)
    expect(logged('retries are used up')).toMatchObject([{ level: 'warn', callee: 'stall' }])
  })

  test('waits for a callee that is away, and gives up', async () => {
    const gone = await openStall({ name: 'one' })
    await gone[Symbol.asyncDispose]()
    const { echo, tells } = openCaller([gone.address], { patienceMs: 50 })
    expect(await echo('hello')).toBe('platform.unavailable')
    expect(await tells('far_waits_total', { callee: 'stall' })).toBe(1)
    expect(await tells('far_calls_waiting', { callee: 'stall' })).toBe(0)
    expect(await tells('far_unavailable_total', { callee: 'stall' })).toBe(1)
  })

  test('ends calls whose time is up, and tells the callee of those that nobody waits for', async () => {
    await using stall = await openStall({ name: 'one', echo: () => new Promise(() => undefined) })
    const { echo, tells } = openCaller([stall.address])
    expect(await echo('slow', { deadlineAt: Date.now() + 30 })).toBe('platform.deadline_exceeded')
    expect(await tells('far_deadlines_expired_total', { callee: 'stall' })).toBe(1)
    const hungUp = new AbortController()
    const asked = new Promise<void>((resolve) => stall.server.once('request', () => resolve()))
    const stopped = echo('stopped', { signal: hungUp.signal })
    await asked
    hungUp.abort()
    await stopped
    await eventually(
      () => tells('far_cancellations_total', { instance: stall.address }),
      (cancels) => cancels === 1,
    )
  })
})
