import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { submitForward } from './ask-provider.ts'
import { createHttpProvider, signWebhook, webhookIsGenuine, type Attempt } from './provider.ts'

const attempt: Attempt = { key: 'k', kind: 'authorise', amountMinor: 1, currency: 'GBP', source: 'card_ok' }

/** A provider that says the same to everybody. */
async function providerAnswering(status: number, body: string) {
  const server = createServer((_, response) => response.writeHead(status).end(body))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/some/prefix/`
  const provider = createHttpProvider({ url, timeoutMs: 30_000 })
  return {
    url,
    provider,
    async [Symbol.asyncDispose]() {
      await provider.close()
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

test.each([
  [500, '{"error":{"code":"internal","message":"no"}}'],
  [503, '<html>'],
  [429, '{"error":{"code":"slow_down","message":"no"}}'],
  [302, ''],
  [200, '<html>'],
  [200, '{"status":"succeeded"}'],
])('%i %s leaves the outcome unknown', async (status, body) => {
  await using far = await providerAnswering(status, body)
  await expect(far.provider.submit(attempt)).rejects.toMatchObject({ name: 'ProviderUnavailable' })
  await expect(far.provider.find('k')).rejects.toMatchObject({ name: 'ProviderUnavailable' })
})

const transaction = {
  providerId: 'auth_1',
  key: 'k',
  kind: 'authorise',
  status: 'succeeded',
  amountMinor: 1,
  currency: 'GBP',
  authorisation: null,
}
const page = (over: object) => JSON.stringify({ transactions: [transaction], next: '1', more: false, ...over })

test('a page of the books is read, and what the provider adds to it is let be', async () => {
  await using far = await providerAnswering(200, page({ transactions: [{ ...transaction, fee: 3 }], total: 1 }))
  expect(await far.provider.books({ after: '', limit: 2 })).toEqual({
    transactions: [transaction],
    next: '1',
    more: false,
  })
})

test.each([
  ['is none', '<html>'],
  ['has no transactions', '{"next":"1","more":false}'],
  ['says not where to go on', page({ next: null })],
  ['is longer than it was to be', page({ transactions: [transaction, transaction, transaction] })],
  ['has an amount that is none', page({ transactions: [{ ...transaction, amountMinor: 0.5 }] })],
  ['has what nobody does', page({ transactions: [{ ...transaction, kind: 'gift' }] })],
  ['has a key that no database could keep', page({ transactions: [{ ...transaction, key: 'k\u0000' }] })],
  ['leads back to itself', page({ next: 'here' })],
  ['leads back to itself, and is empty', page({ next: 'here', transactions: [], more: true })],
  ['is too large', page({ padding: 'x'.repeat(5 * 1024 * 1024) })],
])('a page of the books that %s is not taken', async (_, body) => {
  await using far = await providerAnswering(200, body)
  await expect(far.provider.books({ after: 'here', limit: 2 })).rejects.toMatchObject({ name: 'ProviderUnavailable' })
})

test('a 404 that is not the provider’s own does not make an attempt unknown', async () => {
  await using far = await providerAnswering(404, 'no such page')
  await expect(far.provider.find('k')).rejects.toMatchObject({ name: 'ProviderRefused', status: 404, code: 'unnamed' })
})

test('202 is pending', async () => {
  await using far = await providerAnswering(202, '{"status":"pending"}')
  expect(await far.provider.find('k')).toBe('pending')
})

test('nobody listening leaves the outcome unknown', async () => {
  const far = await providerAnswering(200, '')
  await far[Symbol.asyncDispose]()
  const provider = createHttpProvider({ url: far.url, timeoutMs: 30_000 })
  await expect(provider.submit(attempt)).rejects.toMatchObject({ name: 'ProviderUnavailable' })
  await provider.close()
})

test('a signature is genuine for its secret, body and time only', () => {
  const header = signWebhook('s', '{"a":"£"}', 1000)
  expect(header).toMatch(/^t=1000,v1=[0-9a-f]{64}$/)
  expect(webhookIsGenuine('s', '{"a":"£"}', header)).toBe(true)
  expect(webhookIsGenuine('s', '{"a":"£"}', `${header},v1=${'0'.repeat(64)}`)).toBe(true)
  expect(webhookIsGenuine('other', '{"a":"£"}', header)).toBe(false)
  expect(webhookIsGenuine('s', '{"a":"$"}', header)).toBe(false)
  expect(webhookIsGenuine('s', '{"a":"£"}', header.replace('t=1000', 't=1001'))).toBe(false)
})

test.each(['', 't=,v1=', 't=1000', `v1=${'0'.repeat(64)}`, 't=1000,v1=00', `t=1e3,v1=${'0'.repeat(64)}`])(
  'the header %j is no signature',
  (header) => {
    expect(webhookIsGenuine('s', 'body', header)).toBe(false)
  },
)

test.each([
  [404, '{"error":{"code":"no_such_page","message":"no"}}', 'no_such_page'],
  [422, '{"error":{"code":"capture_exceeds_authorisation","message":"no"}}', 'capture_exceeds_authorisation'],
])('%i is the end of an attempt where the provider says why', async (status, body, declineReason) => {
  await using far = await providerAnswering(status, body)
  const { signal } = new AbortController()
  const refused = { status: 'refused', providerId: null, declineReason }
  expect(await submitForward(far.provider, attempt, { signal })).toEqual(refused)
})

test.each([
  [404, '<html>'],
  [401, '{"error":{"code":"bad_key","message":"no"}}'],
  [403, '{"error":{"code":"bad_key","message":"no"}}'],
])('%i from whoever does not know the attempt is not the end of it', async (status, body) => {
  await using far = await providerAnswering(status, body)
  const { signal } = new AbortController()
  await expect(submitForward(far.provider, attempt, { signal })).rejects.toMatchObject({ name: 'ProviderUnavailable' })
})
