/** The public face as browsers, operators and strangers see it: its page, its headers, its health, its bounds. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { startTestHall, type TestHall } from '#testing/hall'
import { eventually } from '#testing/eventually'
import { startRedis, withClient } from '#testing/cluster'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { findRunningHall } from '../src/commands/find-hall.ts'

const modules = ['identity', 'catalog'] as const

describe('a hall', () => {
  let hall: TestHall
  beforeAll(async () => {
    hall = await startTestHall({ modules, works: true })
  })
  afterAll(() => hall[Symbol.asyncDispose]())

  test('shows a page that needs nothing from anywhere', async () => {
    const response = await fetch(hall.url)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    const html = await response.text()
    expect(html).toMatch(/^<!doctype html>[^]*Markethall/)
    expect(html).not.toMatch(/<script|<link|<img|https?:/)
    // Its style is allowed by its hash, and nothing else is.
    const policy = response.headers.get('content-security-policy')
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; base-uri 'none'/)
  })

  test.each([
    '/',
    '/healthz',
    '/readyz',
    '/queues',
    '/nothing',
    '/trpc/catalog.list?input=%7B%7D',
    '/trpc/nothing',
    '/trpc/%ZZ',
  ])('tells browsers at %s to run nothing, guess nothing and tell nobody', async (path) => {
    for (let count = 0; count < 2; count += 1) {
      const { headers } = await fetch(`${hall.url}${path}`)
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; .*frame-ancestors 'none'$/)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('x-powered-by')).toBe(null)
    }
  })

  test.each([
    {
      what: 'a long URL',
      path: `/trpc/catalog.list?input=${'x'.repeat(40_000)}`,
      refusal: [414, 'platform.url_too_long'],
    },
    { what: 'an endless URL', path: `/${'x'.repeat(200_000)}`, refusal: [431, 'platform.headers_too_large'] },
    { what: 'large headers', filler: 'x'.repeat(80_000), refusal: [431, 'platform.headers_too_large'] },
  ])('refuses $what with a reason', async ({ path = '/', filler = 'x', refusal }) => {
    const sent = request(hall.url, { path, headers: { filler } }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const { error } = JSON.parse(await text(response)) as { error: { data: { httpStatus: number; reason: string } } }
    expect([response.statusCode, error.data.reason]).toEqual(refusal)
    expect(error.data.httpStatus).toBe(response.statusCode)
  })

  test('takes a URL as long as it promises', async () => {
    const input = encodeURIComponent(JSON.stringify({ cursor: 'x'.repeat(31_000) }))
    const response = await fetch(`${hall.url}/trpc/catalog.list?input=${input}`)
    expect(await response.json()).toMatchObject({ error: { data: { reason: 'platform.invalid_input' } } })
  })

  test('does not wait for whoever speaks something else and stays', async () => {
    const socket = connect(Number(new URL(hall.url).port), '127.0.0.1')
    socket.write('NONSENSE\r\n\r\n')
    socket.resume()
    await once(socket, 'close')
    expect(socket.bytesRead).toBeGreaterThan(0)
  })
})

describe('readiness', () => {
  const readiness = async (hall: TestHall) => {
    const response = await fetch(`${hall.url}/readyz`)
    return { code: response.status, ...((await response.json()) as { status: string; problems: string[] }) }
  }

  test('is degraded where another process cannot be reached, and names its modules', async () => {
    await using hall = await startTestHall({ modules, out: ['catalog'], works: true })
    expect(await readiness(hall)).toEqual({ code: 200, status: 'ready', problems: [] })
    await hall.processes[1]!.close()
    expect(await readiness(hall)).toEqual({
      code: 200,
      status: 'degraded',
      problems: ['the process of catalog cannot be reached'],
    })
  })

  test.skipIf(inject('cluster').redisUrl === undefined)('is degraded where the queues cannot be reached', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'markethall-redis-'))
    const redis = (await startRedis(directory))!
    try {
      await using hall = await startTestHall({ modules, works: true, env: { REDIS_URL: redis.url } })
      expect(await readiness(hall)).toMatchObject({ code: 200, status: 'ready' })
      await redis.close()
      const problems = ['the queues cannot be reached']
      expect(await readiness(hall)).toEqual({ code: 200, status: 'degraded', problems })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  test('ends where its own database cannot be reached, and comes back with it', async () => {
    await using hall = await startTestHall({ modules })
    const name = new URL(hall.config.databaseUrl!).pathname.slice(1)
    const admin = (statement: string) => withClient(inject('cluster').databaseUrl, (client) => client.query(statement))
    await admin(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
    await admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`)
    const away = await eventually(
      () => readiness(hall),
      ({ code }) => code === 503,
    )
    expect(away).toMatchObject({ status: 'not ready' })
    expect(away.problems).toContain('the database of catalog cannot be reached')
    await expect(findRunningHall(hall.url, hall.config)).rejects.toThrow(
      `The hall at ${hall.url} is not ready: the database of identity cannot be reached, the database of catalog`,
    )
    await admin(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`)
    expect(await readiness(hall)).toMatchObject({ code: 200, status: 'ready' })
  })
})
