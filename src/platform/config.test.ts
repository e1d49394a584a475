import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { createSettableClock } from './clock.ts'
import { ConfigError, readConfig } from './config.ts'
import { createLog } from './log.ts'
import { loadHallSecret } from './secret.ts'

test('a hall that is told nothing provides for itself', () => {
  expect(readConfig({})).toEqual({
    port: 4000,
    host: '127.0.0.1',
    internalPort: undefined,
    metricsPort: undefined,
    metricsHost: '127.0.0.1',
    metricsToken: undefined,
    captureOn: 'placing',
    dataDir: resolve('.hall'),
    demo: true,
    databaseUrl: undefined,
    databaseUrls: {},
    publicUrl: undefined,
    queueDatabaseUrl: undefined,
    redisUrl: undefined,
    databaseConnections: 48,
    paymentsUrl: undefined,
    paymentsWebhookSecret: undefined,
    paymentsTimeoutMs: 8000,
    readCache: true,
    works: true,
    logLevel: 'info',
    hallKey: undefined,
    hallSecret: undefined,
    rolePrefix: undefined,
    isRunByNpm: false,
    sagaLeaseMs: 5000,
  })
})

test('an empty variable counts as not set', () => {
  expect(readConfig({ PORT: '', DATABASE_URL: ' ', ORDERS_DATABASE_URL: '', LOG_LEVEL: '' })).toEqual(readConfig({}))
})

test('every setting is read, and modules with a database of their own are collected', () => {
  const config = readConfig({
    PORT: '0',
    INTERNAL_PORT: '4001',
    DATA_DIR: 'elsewhere',
    DATABASE_URL: 'postgres://a:b@db/hall',
    QUEUE_DATABASE_URL: 'postgresql://a:b@db/queue',
    ORDERS_DATABASE_URL: 'postgres://a:b@db/orders',
    REDIS_URL: 'rediss://cache:6380/1',
    DATABASE_CONNECTIONS: '8',
    LOG_LEVEL: 'silent',
    ROLE_PREFIX: 'hall_1',
    METRICS_PORT: '0',
    METRICS_HOST: '::1',
    METRICS_TOKEN: 'a-token-of-some-length',
  })
  expect(config).toMatchObject({
    port: 0,
    internalPort: 4001,
    databaseUrls: { orders: 'postgres://a:b@db/orders' },
    queueDatabaseUrl: 'postgresql://a:b@db/queue',
    databaseConnections: 8,
    rolePrefix: 'hall_1',
    metricsPort: 0,
    metricsHost: '::1',
    metricsToken: 'a-token-of-some-length',
  })
  expect(Object.keys(config.databaseUrls)).toEqual(['orders'])
  expect(isAbsolute(config.dataDir)).toBe(true)
})

test('a bad start names every bad variable at once, says what to do, and shows no password', () => {
  const bad = {
    PORT: '65536',
    INTERNAL_PORT: '1e3',
    METRICS_PORT: 'on',
    METRICS_HOST: 'http://::',
    METRICS_TOKEN: 'hunter2',
    HOST: 'http://0.0.0.0',
    DATABASE_URL: 'mysql://root:hunter2@db/hall',
    QUEUE_DATABASE_URL: 'queue',
    ORDERS_DATABASE_URL: 'hunter2',
    REDIS_URL: 'http://cache',
    DATABASE_CONNECTIONS: '7',
    PAYMENTS_URL: 'ftp://provider',
    LOG_LEVEL: 'loud',
    HALL_SECRET: 'hunter2',
    ROLE_PREFIX: 'Hall-1',
  }
  const error = caught(() => readConfig(bad))
  expect(error).toBeInstanceOf(ConfigError)
  expect([...(error as ConfigError).variables].sort()).toEqual(Object.keys(bad).sort())
  for (const variable of Object.keys(bad)) expect((error as Error).message).toContain(`\n  ${variable} must `)
  expect((error as Error).message).toContain('not "65536". Set a free port')
  expect((error as Error).message).not.toContain('hunter2')
})

test.each(['PORT', 'INTERNAL_PORT'])('figures have a port of their own, other than %s', (other) => {
  const error = caught(() => readConfig({ [other]: '4700', METRICS_PORT: '4700' }))
  expect((error as Error).message).toContain(`\n  METRICS_PORT is 4700, which is also ${other}. Set another port`)
})

test('a log line carries its request and hides what is secret, also two levels down', () => {
  const lines: string[] = []
  const log = createLog({ level: 'info', name: 'hall', destination: { write: (line) => lines.push(line) } })
  log
    .child({ requestId: 'req_1' })
    .info(
      { password: 'hunter2', config: { hallKey: 'hunter2' }, request: { headers: { authorization: 'hunter2' } } },
      'signed in',
    )
  log.debug('not shown')
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toContain('hunter2')
  expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'info', name: 'hall', requestId: 'req_1', msg: 'signed in' })
})

test('a settable clock stands still until it is told otherwise', () => {
  const clock = createSettableClock('2010-12-01T08:26:00Z')
  expect(clock.now()).toBe('2010-12-01T08:26:00.000Z')
  clock.advanceMs(1500)
  expect(clock.now()).toBe('2010-12-01T08:26:01.500Z')
  expect(() => clock.set('yesterday')).toThrow(RangeError)
})

test('many starters agree on one key, which only its owner may read', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'hall-secret-'))
  try {
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadHallSecret({ dataDir, given: undefined })))
    expect(new Set(keys).size).toBe(1)
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/)
    expect((await stat(join(dataDir, 'hall.key'))).mode & 0o777).toBe(0o600)
    expect(await readdir(dataDir)).toEqual(['hall.key'])
    expect(await loadHallSecret({ dataDir, given: 'told' })).toBe('told')
    await writeFile(join(dataDir, 'hall.key'), 'spoilt')
    await expect(loadHallSecret({ dataDir, given: undefined })).rejects.toThrow('64 hexadecimal digits')
  } finally {
    await rm(dataDir, { recursive: true })
  }
})

function caught(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
