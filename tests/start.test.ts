/** How a hall starts and stops, as its operator sees it: real processes, and once with nothing given. */
import { execFile, spawn } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { removePostgres } from '#platform/data/embedded-postgres'
import { markOf } from '#platform/data/process-mark'
import { eventually } from '#testing/eventually'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createHallCalls } from '../src/commands/hall-calls.ts'
import { beginToCreateCart } from './processes/begun-request.ts'
import { childrenOf, type Program, startProgram } from './processes/program.ts'
import { openWorld } from './processes/world.ts'
import { buy, openShop } from './shop.ts'

const openLine = /^Markethall is open at (http:\/\/127\.0\.0\.1:\d+)$/

describe('a hall that is given nothing', () => {
  let dataDir: string
  let hall: Program
  let key: string

  const start = () => startProgram('src/main.ts', [], { PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'warn' })
  const postgresPid = async () =>
    (JSON.parse(await readFile(join(dataDir, 'postgres.json'), 'utf8')) as { pid: number }).pid

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'markethall-start-'))
    // As root the database belongs to another user, who must be able to enter.
    await chmod(dataDir, 0o755)
    hall = start()
    await hall.line(openLine)
  })

  afterAll(async () => {
    await hall.stop()
    await removePostgres(dataDir)
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 })
  })

  test('says where it is open, and is ready and well then', async () => {
    const [, url] = await hall.line(openLine)
    for (const path of ['/readyz', '/healthz']) expect((await fetch(`${url}${path}`)).status).toBe(200)
  })

  test('prints three lines that work as they stand: look, buy, report', async () => {
    await hall.line(/hall -- report/)
    const lines = hall.out.filter((line) => line.includes('npm run -s hall -- '))
    const said: string[] = []
    for (const line of lines) {
      const { PATH = '', HOME = '' } = process.env
      const { stdout } = await promisify(execFile)('sh', ['-c', line], { env: { PATH, HOME } })
      said.push(stdout)
    }
    expect(said).toEqual([
      expect.stringMatching(/^CANDLE-BEESWAX-SHORT +£8\.50 /m),
      expect.stringMatching(/^Order \d+ over £20\.95 is paid\./),
      expect.stringMatching(/: 1 order, £20\.95\./),
    ])
  })

  test("keeps its owner's key for its owner alone, and shows it once", async () => {
    const [, url] = await hall.line(openLine)
    const file = join(dataDir, 'owner.key')
    key = (await readFile(file, 'utf8')).trim()
    expect(hall.out.filter((line) => line.includes(key))).toEqual([expect.stringContaining(`kept in ${file}`)])
    expect((await stat(file)).mode & 0o077).toBe(0)
    expect(await createHallCalls(url!, key).orders.findInvoices.query({ externalInvoices: ['1'] })).toEqual({
      orders: [],
    })
  })

  test('answers what it has begun when it is asked to end, and leaves no process behind', async () => {
    const [, url] = await hall.line(openLine)
    const left = [hall.pid, await postgresPid(), ...childrenOf(hall.pid)]
    // The hall, its database, and the sandbox of payments.
    expect(new Set(left).size).toBeGreaterThanOrEqual(3)
    const begun = await beginToCreateCart(url!)
    const stopped = hall.stop()
    await eventually(
      () => refuses(url!),
      (isRefused) => isRefused,
    )
    expect(await begun.finish()).toBe(200)
    expect(await stopped).toEqual({ code: 0, signal: null })
    expect(left.filter((pid) => markOf(pid) !== undefined)).toEqual([])
  })

  test('opens again with what it had, without showing the key again', async () => {
    hall = start()
    const [, url] = await hall.line(openLine)
    expect(hall.out.join('\n')).not.toContain(key)
    expect(await createHallCalls(url!, key).orders.findInvoices.query({ externalInvoices: ['1'] })).toEqual({
      orders: [],
    })
  })
})

describe('a start that cannot succeed ends with 1 and says', () => {
  const fail = async (file: string, args: string[], env: Record<string, string> = {}) => {
    const program = startProgram(file, args, { PORT: '0', DATA_DIR: join(tmpdir(), 'markethall-never'), ...env })
    const { code } = await program.ended
    return { code, out: program.out, err: program.err.join('\n') }
  }

  test('every setting that is wrong, at once', async () => {
    const bad = {
      PORT: 'abc',
      DATABASE_URL: 'nonsense',
      REDIS_URL: 'http://x',
      LOG_LEVEL: 'loud',
      DATABASE_CONNECTIONS: '1',
    }
    const { code, out, err } = await fail('src/main.ts', [], bad)
    expect({ code, out }).toEqual({ code: 1, out: [] })
    for (const variable of Object.keys(bad)) expect(err).toMatch(new RegExp(`^ {2}${variable} `, 'm'))
    expect(err).not.toContain('nonsense')
  })

  test.concurrent.each([
    ['src/main.ts --process till', /topology has no process till; it has hall/],
    ['src/main.ts --topology nowhere.json', /topology nowhere\.json cannot be read/],
    ['src/main.ts --topology package.json', /topology package\.json is not valid/],
    ['src/main.ts --colour', /Usage: npm start/],
    ['workers/main.ts till', /no module till\. There are identity, catalog/],
    ['workers/main.ts --only tills', /no duty "tills"\. There are events, queues, schedules\./],
    ['workers/main.ts --only events,', /no duty ""\. There are/],
    ['workers/main.ts --only', /--only <value>/],
  ])('what is wrong with: %s', async (line, message) => {
    const [file, ...args] = line.split(' ')
    const { code, err } = await fail(file!, args)
    expect(code).toBe(1)
    expect(err).toMatch(message)
    expect(err).not.toMatch(/^\s+at /m)
  })

  test('that the port is taken, and what to do', async () => {
    await using world = await openWorld()
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { code, err } = await fail('src/main.ts', [], { ...world.env, PORT: `${port}` })
    server.close()
    expect(code).toBe(1)
    expect(err).toMatch(`Port ${port} is taken. Stop what uses it, or choose another with PORT`)
  })
})

test('a worker does the work of a hall that leaves it to others, and ends when it is asked to', async () => {
  await using hall = await openShop('near', { works: false })
  await buy(hall, [{ sku: 'MUG', quantity: 1 }])
  const reported = () => hall.sql('SELECT order_id FROM reporting.sold_orders')
  expect(await reported()).toEqual([])
  const worker = startProgram('workers/main.ts', [], {
    DATABASE_URL: hall.config.databaseUrl!,
    DATA_DIR: hall.config.dataDir,
    ROLE_PREFIX: inject('cluster').template,
    PAYMENTS_URL: hall.paymentsUrl,
    LOG_LEVEL: 'warn',
  })
  try {
    await worker.line(/^Markethall's worker is ready/)
    await eventually(reported, (rows) => rows.length === 1)
  } finally {
    expect(await worker.stop()).toEqual({ code: 0, signal: null })
  }
})

test('a hall that npm started closes when npm is ended: its shell does not pass the signal on', async () => {
  await using world = await openWorld()
  const env = { ...world.env, PORT: '0', npm_lifecycle_event: 'start', PATH: '/usr/bin:/bin' }
  const shell = spawn('sh', ['-c', `'${process.execPath}' src/main.ts; exit`], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  for await (const line of createInterface({ input: shell.stdout })) if (openLine.test(line)) break
  const [hall] = childrenOf(shell.pid!)
  shell.kill('SIGTERM')
  await eventually(
    async () => markOf(hall!),
    (mark) => mark === undefined,
  )
})

const refuses = (url: string): Promise<boolean> =>
  fetch(`${url}/healthz`, { headers: { connection: 'close' } }).then(
    async (answer) => {
      await answer.body?.cancel()
      return false
    },
    () => true,
  )
