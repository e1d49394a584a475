/** Calls to modules elsewhere: how they share requests, what a lost connection costs, whom a process may speak for. */
import { createServer } from 'node:net'
import type { CallContext } from '#platform/calls/context'
import type { Outcome } from '#platform/calls/run'
import type { Addresses } from '#platform/directory/directory'
import { createFarClient, type FarClient } from '#platform/far/far-client'
import type { Policies } from '#platform/far/policy'
import { describe, expect, onTestFinished, test } from 'vitest'
import { contextOf, hallSecret, openStall, quietLog, routeTo } from './far/stall.ts'

const shop = { process: 'shop', modules: ['shop'], gateway: false }

function openClient(changed: { secret?: string; self?: typeof shop; policies?: Policies } = {}): FarClient {
  const client = createFarClient({ secret: hallSecret, self: shop, log: quietLog, ...changed })
  onTestFinished(() => client.close())
  return client
}

/** One object per list of addresses, as a directory would have it. */
const known = new Map<string, Addresses>()
function at(list: readonly string[]): Addresses {
  const name = list.join(' ')
  const addresses = known.get(name) ?? { list, since: performance.now() }
  known.set(name, addresses)
  return addresses
}

type Asked = string | ({ text: string } & Partial<CallContext>)

function echo(client: FarClient, addresses: readonly string[], asked: Asked): Promise<Outcome> {
  const { text, ...changed } = typeof asked === 'string' ? { text: asked } : asked
  return client.call(at(addresses), { route: routeTo('echo'), context: contextOf(changed), input: { text } })
}

const answered = (text: string) => ({ ok: true, value: { text } })
const refused = (reason: string) => ({ ok: false, failure: expect.objectContaining({ reason }) })

describe('calls', () => {
  test('that begin in the same instant share a request, and each has its own answer', async () => {
    await using stall = await openStall({ name: 'one' })
    const client = openClient()
    const texts = Array.from({ length: 20 }, (_, index) => `number ${index} “quoted”\nand on a new line`)
    const outcomes = await Promise.all(texts.map((text) => echo(client, [stall.address], text)))
    expect(outcomes).toEqual(texts.map(answered))
    expect(stall.requests).toEqual(['/calls'])
  })

  test('do not wait for a slower one in the same request', async () => {
    const gate = Promise.withResolvers<string>()
    await using stall = await openStall({
      name: 'one',
      echo: (text) => (text === 'slow' ? gate.promise : Promise.resolve(text)),
    })
    const client = openClient()
    const slow = echo(client, [stall.address], 'slow')
    expect(await echo(client, [stall.address], 'fast')).toEqual(answered('fast'))
    gate.resolve('at last')
    expect(await slow).toEqual(answered('at last'))
    expect(stall.requests).toEqual(['/calls'])
  })

  test('larger than a request may be are refused alone', async () => {
    await using stall = await openStall({ name: 'one' })
    const client = openClient()
    const [large, small] = await Promise.all([
      echo(client, [stall.address], 'x'.repeat(17 * 1024 * 1024)),
      echo(client, [stall.address], 'small'),
    ])
    expect(large).toEqual(refused('platform.payload_too_large'))
    expect(small).toEqual(answered('small'))
  })

  test('whose caller hangs up end at once, and the others go on', async () => {
    const gate = Promise.withResolvers<string>()
    await using stall = await openStall({ name: 'one', echo: () => gate.promise })
    const client = openClient()
    const hungUp = new AbortController()
    const stopped = echo(client, [stall.address], { text: 'stopped', signal: hungUp.signal })
    const other = echo(client, [stall.address], 'other')
    hungUp.abort()
    expect(await stopped).toEqual(refused('platform.deadline_exceeded'))
    gate.resolve('through')
    expect(await other).toEqual(answered('through'))
  })

  test('that are too many at once are refused at once, until one is through', async () => {
    const gate = Promise.withResolvers<string>()
    await using stall = await openStall({ name: 'one', echo: () => gate.promise })
    const client = openClient({ policies: { stall: { inFlightMax: 2 } } })
    const both = [echo(client, [stall.address], 'a'), echo(client, [stall.address], 'b')]
    expect(await echo(client, [stall.address], 'c')).toEqual(refused('platform.overloaded'))
    gate.resolve('through')
    await Promise.all(both)
    expect(await echo(client, [stall.address], 'd')).toEqual(answered('through'))
  })
})

describe('a callee', () => {
  test('that was started anew is called on', async () => {
    const client = openClient()
    const first = await openStall({ name: 'one' })
    await echo(client, [first.address], 'before')
    await first[Symbol.asyncDispose]()
    const calling = echo(client, [first.address], 'meanwhile')
    await using again = await openStall({ name: 'one', port: first.port })
    expect(await calling).toEqual(answered('meanwhile'))
    expect(again.requests).toContain('/calls')
  })

  test('that stays away is told of, and from then on costs no time', async () => {
    const gone = await openStall({ name: 'one' })
    await gone[Symbol.asyncDispose]()
    const client = openClient({ policies: { stall: { patienceMs: 50 } } })
    expect(await echo(client, [gone.address], 'first')).toEqual(refused('platform.unavailable'))
    // Not even a turn of the event loop goes by.
    const order: string[] = []
    setImmediate(() => order.push('turn'))
    await echo(client, [gone.address], 'second').then((outcome) =>
      order.push(outcome.ok ? 'answered' : outcome.failure.reason),
    )
    expect(order).toEqual(['platform.unavailable'])
  })

  test('of several instances loses one, and nobody notices', async () => {
    const gate = Promise.withResolvers<string>()
    const one = await openStall({ name: 'one', echo: () => gate.promise })
    await using other = await openStall({ name: 'other', echo: (text) => Promise.resolve(text) })
    const client = openClient()
    const addresses = [one.address, other.address]
    const texts = Array.from({ length: 40 }, (_, index) => `${index}`)
    const calling = Promise.all(texts.map((text) => echo(client, addresses, text)))
    await new Promise((resolve) => one.server.once('request', resolve))
    await one[Symbol.asyncDispose]()
    expect(await calling).toEqual(texts.map(answered))
  })

  test('that is lost with a command under way, which has no key, is not asked twice', async () => {
    const stall = await openStall({ name: 'one', echo: () => new Promise(() => undefined) })
    await using other = await openStall({ name: 'other' })
    const client = openClient()
    const both = at([stall.address, other.address])
    const command = (key?: string) =>
      client.call(both, {
        route: routeTo('echo', 'command'),
        context: contextOf({ key }),
        input: { text: 'pay' },
      })
    // Until one has gone to the stall that never answers.
    const asked = new Promise<void>((resolve) => stall.server.on('request', ({ url }) => url === '/calls' && resolve()))
    const unkeyed = Array.from({ length: 20 }, () => command())
    const keyed = Array.from({ length: 20 }, (_, index) => command(`key-${index}`))
    await asked
    await stall[Symbol.asyncDispose]()
    const outcomes = await Promise.all(unkeyed)
    const lost = outcomes.filter(({ ok }) => !ok)
    expect(lost.length).toBeGreaterThan(0)
    expect(lost).toEqual(lost.map(() => refused('platform.unavailable')))
    expect(await Promise.all(keyed)).toEqual(keyed.map(() => answered('pay')))
  })

  test('that is frozen is found out, and its calls are made elsewhere', async () => {
    const frozen = createServer(() => undefined)
    await new Promise<void>((resolve) => frozen.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void frozen.close())
    const address = `http://127.0.0.1:${(frozen.address() as { port: number }).port}`
    await using other = await openStall({ name: 'other' })
    const client = openClient()
    const texts = Array.from({ length: 10 }, (_, index) => `${index}`)
    const outcomes = await Promise.all(texts.map((text) => echo(client, [address, other.address], text)))
    expect(outcomes).toEqual(texts.map(answered))
  })
})

describe('a process', () => {
  test('that is not of this hall may not call', async () => {
    await using stall = await openStall({ name: 'one' })
    const client = openClient({ secret: 'another secret altogether' })
    expect(await echo(client, [stall.address], 'let me in')).toEqual(refused('platform.not_a_process'))
  })

  test.each([
    ['another module', { caller: 'payments' }],
    ['the gateway', { caller: 'gateway' }],
    ['a client', { caller: 'client:guest' }],
  ])('does not speak for %s', async (_whom, changed) => {
    await using stall = await openStall({ name: 'one' })
    expect(await echo(openClient(), [stall.address], { text: 'hello', ...changed })).toEqual(
      refused('platform.unknown_operation'),
    )
  })

  test('calls only whom the graph lets its modules call', async () => {
    await using stall = await openStall({ name: 'one', mayCall: (caller) => caller !== 'shop' })
    expect(await echo(openClient(), [stall.address], 'hello')).toEqual(refused('platform.unknown_operation'))
  })

  test('is refused what was overheard, changed, or said without a token', async () => {
    await using stall = await openStall({ name: 'one' })
    const heard = Promise.withResolvers<{ body: string; headers: Record<string, string> }>()
    stall.server.on('request', (request) => {
      if (request.url !== '/calls') return
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () =>
        heard.resolve({
          body: Buffer.concat(chunks).toString(),
          headers: Object.fromEntries(
            ['x-hall-token', 'x-hall-seal'].map((name) => [name, String(request.headers[name])]),
          ),
        }),
      )
    })
    await echo(openClient(), [stall.address], 'pay 5')
    const { body, headers } = await heard.promise
    const say = async (said: string, under: Record<string, string>) => {
      const response = await fetch(`${stall.address}/calls`, { method: 'POST', body: said, headers: under })
      return { status: response.status, text: await response.text() }
    }
    const notOurs = { status: 401, text: expect.stringContaining('platform.not_a_process') }
    expect(await say(body, headers)).toEqual(notOurs)
    const seal = headers['x-hall-seal']!.replace(/^\d+/, '99')
    expect(await say(body, { ...headers, 'x-hall-seal': seal })).toEqual(notOurs)
    expect(await say(body.replace('pay 5', 'pay 9'), { ...headers, 'x-hall-seal': seal })).toEqual(notOurs)
    expect(await say(body, {})).toEqual(notOurs)
    const [claims, signature] = headers['x-hall-token']!.split('.')
    const others = JSON.parse(Buffer.from(claims!, 'base64url').toString()) as object
    const forged = Buffer.from(JSON.stringify({ ...others, modules: ['payments'] })).toString('base64url')
    expect(await say(body, { ...headers, 'x-hall-token': `${forged}.${signature}` })).toEqual(notOurs)
  })
})
