/** The database, or Redis, is gone for a while, as long as any pause between two tries: the hall says so, waits, and goes on without being started again. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startRedis } from '#testing/cluster'
import { eventually } from '#testing/eventually'
import { expect, inject, test } from 'vitest'
import { openGate } from './processes/gate.ts'
import { type OpenHall, openWorld, type World } from './processes/world.ts'

/** The outage itself: nothing is waited for by it. */
const outageMs = 35_000
const testMsMax = 180_000

const readiness = async ({ url }: OpenHall) => {
  const answer = await fetch(`${url}/readyz`)
  return { status: answer.status, body: (await answer.json()) as { status: string; problems: string[] } }
}
const isReady = (hall: OpenHall) =>
  eventually(
    () => readiness(hall),
    ({ status, body }) => status === 200 && body.status === 'ready',
  )

/** Buys a candle of the demo by the command-line tool. */
async function buy({ url }: OpenHall): Promise<string> {
  const line = ['src/hall.ts', 'buy', 'CANDLE-BEESWAX-SHORT', '--json', '--url', url]
  const { stdout } = await promisify(execFile)(process.execPath, line)
  return (JSON.parse(stdout) as { orderId: string }).orderId
}

const isPaid = (world: World, orderId: string) =>
  eventually(
    () => world.sql<{ state: string }>('select state from "orders".orders where id = $1', [orderId]),
    ([order]) => order?.state === 'paid',
  )

test.concurrent('a database that is gone for a while', { timeout: testMsMax }, async () => {
  await using world = await openWorld({ provider: 'elsewhere' })
  const databaseUrl = new URL(world.env['DATABASE_URL']!)
  await using gate = await openGate(Number(databaseUrl.port))
  databaseUrl.port = String(gate.port)
  const hall = await world.startHall({ DATABASE_URL: databaseUrl.href, DEMO: 'on' })
  await isPaid(world, await buy(hall))
  await gate.shut()
  const goneAt = performance.now()
  expect((await fetch(`${hall.url}/healthz`)).status).toBe(200)
  const away = await eventually(
    () => readiness(hall),
    ({ status }) => status === 503,
  )
  expect(away.body.problems).toContain('the database of orders cannot be reached')
  const asked = await fetch(`${hall.url}/trpc/checkout.createCart`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ currency: 'GBP' }),
  })
  expect(asked.status).toBe(503)
  expect(await asked.json()).toMatchObject({
    error: { message: 'The database cannot be reached.', data: { reason: 'platform.unavailable' } },
  })
  await delay(goneAt + outageMs - performance.now())
  await gate.open()
  await isReady(hall)
  await isPaid(world, await buy(hall))
  expect(hall.err.join('\n')).toContain('cannot be reached')
  // It is told in lines that a person can read, not in pages.
  expect(hall.err.join('').length).toBeLessThan(200_000)
  expect(await hall.stop()).toEqual({ code: 0, signal: null })
})

test
  .skipIf(inject('cluster').redisUrl === undefined)
  .concurrent('a Redis that is gone for a while', { timeout: testMsMax }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'markethall-redis-'))
    await using stack = new AsyncDisposableStack()
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    const first = (await startRedis(folder))!
    stack.defer(() => first.close())
    await using world = await openWorld({ redisUrl: first.url, provider: 'elsewhere' })
    const hall = await world.startHall({ DEMO: 'on' })
    await isPaid(world, await buy(hall))
    await first.close()
    const goneAt = performance.now()
    // Sold and paid all the while: the sweeps carry what no queue does.
    for (let bought = 0; bought === 0 || performance.now() < goneAt + outageMs; bought += 1) {
      await isPaid(world, await buy(hall))
      await delay(outageMs / 6)
    }
    expect((await readiness(hall)).body).toEqual({ status: 'degraded', problems: ['the queues cannot be reached'] })
    const second = (await startRedis(folder, first.port))!
    stack.defer(() => second.close())
    await isReady(hall)
    await isPaid(world, await buy(hall))
    // Said once a minute, and nothing else.
    expect(hall.err.length).toBeLessThanOrEqual(3)
    for (const line of hall.err) expect(line).toContain(`See that Redis at 127.0.0.1:${first.port} runs.`)
    expect(await hall.stop()).toEqual({ code: 0, signal: null })
  })
