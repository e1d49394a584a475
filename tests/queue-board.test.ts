/** The board of the queues at `/queues`: for staff, for looking, without what is nobody's business, on both backends. */
import { createApiKey, hashApiKey } from '#platform/api-key'
import { eventually } from '#testing/eventually'
import { freePort } from '#testing/cluster'
import { type Backend, startTestHall, type TestHall } from '#testing/hall'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { moduleNames } from '../src/modules.ts'
import { fillCart, openShop, purchaseOf } from './shop.ts'

const backends: Backend[] = inject('cluster').redisUrl === undefined ? ['postgres'] : ['postgres', 'redis']
const email = 'ada.lovelace@example.com'

type Carried = { name: string; data: { batches?: { events: { name: string; fact: Record<string, unknown> }[] }[] } }
type Shown = {
  name: string
  readOnlyMode: boolean
  allowRetries: boolean
  counts: Record<string, number>
  jobs: Carried[]
}

const basic = (key: string, user = 'anybody') => `Basic ${Buffer.from(`${user}:${key}`).toString('base64')}`

async function keyWith({ calls }: TestHall, permissions: string[]): Promise<string> {
  const key = createApiKey()
  await calls.identity.createApiKey.mutate({ name: permissions.join(), permissions, keyHash: hashApiKey(key) })
  return key
}

const ask = (
  { url }: TestHall,
  path: string,
  { authorization, method = 'GET' }: { authorization?: string; method?: string } = {},
) => fetch(`${url}/queues${path}`, { method, ...(authorization && { headers: { authorization } }) })

async function queueOf(hall: TestHall, name: string, authorization: string): Promise<Shown> {
  const response = await ask(hall, `/api/queues?activeQueue=${name}&status=latest&page=1&jobsPerPage=20`, {
    authorization,
  })
  const { queues } = (await response.json()) as { queues: Shown[] }
  return queues.find((queue) => queue.name === name)!
}

async function refusalOf(response: Response) {
  const { error } = (await response.json()) as { error: { data: { reason: string; httpStatus: number } } }
  return [response.status, error.data.httpStatus, error.data.reason]
}

describe.each(backends)('on %s', (backend) => {
  let hall: TestHall
  let operator: string
  beforeAll(async () => {
    // The process with the public face leaves the queues to others; another fills them, and nobody empties them.
    hall = await openShop('near', { backend, works: ['events'] })
    operator = basic(await keyWith(hall, ['hall:operate']))
    const cart = await fillCart(hall, [{ sku: 'MUG', quantity: 1 }])
    const { checkout } = hall.as({ kind: 'guest' })
    await checkout.setAddress.mutate({
      ...cart,
      address: { country: 'GB', email, name: 'Ada Lovelace', city: 'Ockham' },
    })
    await checkout.complete.mutate(await purchaseOf(hall, cart))
    await eventually(
      () => queueOf(hall, 'fulfilment', operator),
      ({ counts }) => counts['waiting']! > 0,
    )
  })
  afterAll(() => hall[Symbol.asyncDispose]())

  test('guests are asked who they are, and others are refused, with a reason', async () => {
    const wrong = createApiKey()
    for (const authorization of [undefined, basic(wrong), `Bearer ${wrong}`, basic(''), 'Basic !', 'Digest x'])
      for (const path of ['', '/', '/api/queues', '/static/favicon.ico', '/nothing']) {
        const response = await ask(hall, path, authorization === undefined ? {} : { authorization })
        expect(response.headers.get('www-authenticate')).toBe('Basic realm="Markethall", charset="UTF-8"')
        const [status, httpStatus, reason] = await refusalOf(response)
        expect([status, httpStatus]).toEqual([401, 401])
        expect(reason).toMatch(/^platform\.(unauthenticated|wrong_key|bad_token)$/)
      }
    const clerk = await keyWith(hall, ['orders:read'])
    const response = await ask(hall, '/api/queues', { authorization: basic(clerk) })
    expect(response.headers.get('www-authenticate')).toBe(null)
    expect(await refusalOf(response)).toEqual([403, 403, 'platform.forbidden'])
  })

  test('a key as the password opens nothing else', async () => {
    const url = `${hall.url}/trpc/orders.list?input=%7B%7D`
    const response = await fetch(url, { headers: { authorization: operator } })
    expect(await refusalOf(response)).toEqual([401, 401, 'platform.bad_token'])
  })

  test('an operator gets the page with all that it needs, from this hall alone', async () => {
    const page = await ask(hall, '', { authorization: operator })
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(page.headers.get('x-powered-by')).toBe(null)
    const policy = page.headers.get('content-security-policy')!
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'$/)
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe-inline/)
    const html = await page.text()
    expect(html).toContain('<base href="/queues/"')
    const own = [...html.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, path]) => path!)
    expect(own.length).toBeGreaterThan(4)
    for (const path of own) {
      const asset = await ask(hall, `/${path}`, { authorization: operator })
      expect([path, asset.status, asset.headers.get('x-content-type-options')]).toEqual([path, 200, 'nosniff'])
      expect((await asset.arrayBuffer()).byteLength).toBeGreaterThan(0)
    }
  })

  test('an operator sees every queue and what it carries, and nothing of the customer', async () => {
    const response = await ask(hall, '/api/queues', { authorization: operator })
    const { queues } = (await response.json()) as { queues: Shown[] }
    expect(queues.map(({ name }) => name).toSorted()).toEqual(moduleNames.toSorted())
    expect(queues.every(({ readOnlyMode, allowRetries }) => readOnlyMode && !allowRetries)).toBe(true)
    const { jobs } = await queueOf(hall, 'fulfilment', operator)
    const events = jobs.flatMap(({ data }) => data.batches ?? []).flatMap((batch) => batch.events)
    expect(jobs.every(({ data }) => (data as { source?: string }).source === 'orders')).toBe(true)
    const placed = events.find(({ name }) => name === 'orders.placed')!
    expect(placed.fact).toMatchObject({ address: '[redacted]', country: 'GB', lineCount: 1 })
    for (const module of moduleNames) {
      const all = JSON.stringify(await queueOf(hall, module, operator))
      for (const secret of [email, 'Lovelace', 'Ockham', 'card_ok']) expect(all).not.toContain(secret)
    }
  })

  test('nobody changes anything here', async () => {
    const { jobs, counts } = await queueOf(hall, 'fulfilment', operator)
    const { id } = jobs[0] as unknown as { id: string }
    for (const [method, path] of [
      ['PUT', '/api/queues/pause'],
      ['PUT', '/api/queues/fulfilment/empty'],
      ['PUT', `/api/queues/fulfilment/${id}/clean`],
      ['POST', '/api/queues/fulfilment/add'],
      ['PATCH', `/api/queues/fulfilment/${id}/update-data`],
      ['DELETE', ''],
    ] as const) {
      const response = await ask(hall, path, { authorization: operator, method })
      expect(await refusalOf(response)).toEqual([405, 405, 'platform.wrong_method'])
    }
    expect((await queueOf(hall, 'fulfilment', operator)).counts).toEqual(counts)
  })
})

test('queues that cannot be reached are told as such, and the hall goes on', async () => {
  const env = { REDIS_URL: `redis://127.0.0.1:${await freePort()}` }
  await using hall = await startTestHall({ modules: ['identity', 'pricing'], env })
  const authorization = basic(await keyWith(hall, ['hall:operate']))
  for (const path of ['/', '/api/queues'])
    expect(await refusalOf(await ask(hall, path, { authorization }))).toEqual([503, 503, 'platform.unavailable'])
  expect((await fetch(`${hall.url}/readyz`)).status).toBe(200)
})
