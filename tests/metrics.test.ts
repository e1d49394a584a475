/** What `/metrics` tells of a hall, and to whom: also when its database is frozen, and nothing of a stranger's making. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApiKey, hashApiKey } from '#platform/api-key'
import type { CallContext } from '#platform/calls/context'
import { readConfig } from '#platform/config'
import { noDuties } from '#platform/events/duties'
import { openProcess } from '#platform/host/open-process'
import { createLog } from '#platform/log'
import { cloneTemplate } from '#testing/cluster'
import { eventually } from '#testing/eventually'
import { startTestHall, type TestHall } from '#testing/hall'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { definition } from '../src/definition.ts'
import { type Exposition, readExposition } from './metrics/exposition.ts'
import { openGate } from './processes/gate.ts'

const token = 'the-token-of-whoever-watches'

async function read(url: string, shown?: string): Promise<Exposition> {
  const response = await fetch(url, { headers: shown === undefined ? {} : { authorization: `Bearer ${shown}` } })
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ])
  return readExposition(await response.text())
}

const facesOf = ({ url, internalUrl, metricsUrl }: TestHall['processes'][number]) =>
  [url, internalUrl, metricsUrl].filter((face) => face !== undefined)

describe('a hall in several processes', () => {
  let hall: TestHall
  beforeAll(async () => {
    const modules = ['identity', 'orders', 'payments', 'fulfilment', 'reporting'] as const
    const env = { METRICS_PORT: '0', METRICS_TOKEN: token }
    hall = await startTestHall({ modules, out: ['orders', 'reporting'], env })
  })
  afterAll(() => hall[Symbol.asyncDispose]())
  const metricsOf = (module: string) => {
    const process = hall.processes.find(({ hosted }) => hosted.has(module))!
    return read(`${process.metricsUrl}/metrics`, token)
  }

  test('tells figures on each face to whoever shows the token, and to nobody else', async () => {
    const faces = hall.processes.flatMap(facesOf)
    expect(faces).toHaveLength(3 + 2 * 2)
    for (const face of faces) {
      const { value } = await read(`${face}/metrics`, token)
      expect(value('markethall_process_info')).toBe(1)
      for (const wrong of [undefined, 'Bearer wrong', `Bearer ${token}x`, `Basic ${token}`, `Bearer ${token} x`]) {
        const headers = wrong === undefined ? {} : { authorization: wrong }
        const response = await fetch(`${face}/metrics`, { headers })
        expect([face, wrong, response.status]).toEqual([face, wrong, 401])
        expect(await response.text()).not.toContain('markethall_')
      }
      const posted = await fetch(`${face}/metrics`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })
      expect(await posted.text()).not.toContain('markethall_')
    }
  })

  test('tells on each face whether a process lives and can work', async () => {
    for (const face of hall.processes.flatMap(facesOf))
      for (const path of ['/healthz', '/readyz']) expect((await fetch(`${face}${path}`)).status).toBe(200)
    const response = await fetch(`${hall.processes[1]!.internalUrl}/readyz`)
    expect(await response.json()).toEqual({ status: 'ready', problems: [] })
  })

  test('tells who called whom, and what came of it', async () => {
    const { value: before } = await metricsOf('payments')
    const order = encodeURIComponent(
      JSON.stringify({
        id: 'ord_01890000-0000-7000-8000-000000000000',
        token: 'tok_01890000-0000-7000-8000-000000000000',
      }),
    )
    const ask = async (path: string) => (await fetch(`${hall.url}/trpc/${path}`)).status
    expect(await ask(`orders.get?input=${order}`)).toBe(404)
    expect(await ask('orders.get?input=1')).toBe(400)
    expect(await ask('fulfilment.methods?input=%7B%22country%22%3A%22GB%22%2C%22currency%22%3A%22GBP%22%7D')).toBe(200)
    const { value } = await metricsOf('payments')
    const more = (name: string, labels: Record<string, string>) => value(name, labels)! - (before(name, labels) ?? 0)
    const calls = (labels: Record<string, string>) => more('markethall_calls_total', { caller: 'clients', ...labels })
    const far = { callee: 'orders', operation: 'get', place: 'far' }
    expect(calls({ ...far, outcome: 'orders.unknown_order' })).toBe(1)
    expect(calls({ ...far, outcome: 'platform.invalid_input' })).toBe(1)
    expect(calls({ callee: 'fulfilment', operation: 'methods', place: 'near', outcome: 'ok' })).toBe(1)
    const requests = (labels: Record<string, string>) => more('markethall_http_request_duration_seconds_count', labels)
    expect(requests({ route: '/trpc/orders.get', status: '4xx' })).toBe(2)
    expect(requests({ route: '/trpc/fulfilment.methods', status: '2xx' })).toBe(1)
  })

  test('tells what waits: events that a listener has not passed, parked ones, jobs', async () => {
    await hall.sql(`INSERT INTO "orders".journal (id, name, key, version, fact, correlation, actor)
      VALUES ('evt_1', 'orders.looked_at', 'ord_1', 1, '{}', 'req_1', '{"kind":"system","id":"test"}')`)
    const { value: announced } = await metricsOf('orders')
    expect(announced('markethall_journal_unsequenced_events', { module: 'orders' })).toBe(1)
    expect(announced('markethall_journal_unsequenced_seconds', { module: 'orders' })).toBeGreaterThan(0)
    await hall.settle()
    const fromOrders = { module: 'reporting', source: 'orders' }
    const { value: settled } = await metricsOf('reporting')
    expect(settled('markethall_listener_behind_events', fromOrders)).toBe(0)
    expect(settled('markethall_listener_behind_seconds', fromOrders)).toBe(0)
    expect(settled('markethall_events_parked', fromOrders)).toBe(undefined)
    await hall.sql(`UPDATE reporting.cursors SET position = position - 1 WHERE source = 'orders'`)
    await hall.sql(`INSERT INTO reporting.parked (source, lane, position, key, event, reason)
      VALUES ('orders', 0, 1, 'ord_2', '{}', 'broken')`)
    await hall.sql(`INSERT INTO reporting.jobs (id, name, payload, actor, correlation, state, due_at)
      SELECT 'job_' || state, 'reporting.none', '{}', '{}', 'req_1', state, now() + due * interval '1 minute'
      FROM (VALUES ('waiting', 5), ('failed', 0)) AS made (state, due)`)
    const { value } = await metricsOf('reporting')
    expect(value('markethall_listener_behind_events', fromOrders)).toBe(1)
    expect(value('markethall_listener_behind_seconds', fromOrders)).toBeGreaterThan(0)
    expect(value('markethall_events_parked', fromOrders)).toBe(1)
    const own = { module: 'reporting' }
    expect(value('markethall_jobs_waiting', own)).toBe(1)
    expect(value('markethall_jobs_due', own)).toBe(0)
    expect(value('markethall_jobs_failed', own)).toBe(1)
    expect(value('markethall_database_connections_max', own)).toBeGreaterThan(0)
    expect(value('nodejs_heap_size_used_bytes')).toBeGreaterThan(0)
  })
})

describe('a hall with a face for figures, and no token', () => {
  /** Identity alone, whose database is behind a gate. */
  async function openHall() {
    const cluster = inject('cluster')
    const { url, name } = await cloneTemplate(cluster, 'figures')
    const databaseUrl = new URL(url)
    const gate = await openGate(Number(databaseUrl.port))
    onTestFinished(() => gate[Symbol.asyncDispose]())
    databaseUrl.port = String(gate.port)
    const dataDir = await mkdtemp(join(tmpdir(), 'markethall-figures-'))
    onTestFinished(() => rm(dataDir, { recursive: true }))
    const config = readConfig({
      PORT: '0',
      METRICS_PORT: '0',
      DATA_DIR: dataDir,
      DATABASE_URL: databaseUrl.href,
      ROLE_PREFIX: cluster.template,
    })
    const hall = await openProcess({
      config,
      log: createLog({ level: 'silent' }),
      definition: {
        ...definition,
        graph: { identity: definition.graph['identity']!, gateway: definition.graph['gateway']! },
      },
      place: { process: 'hall', modules: ['identity'], gateway: true, face: undefined, elsewhere: new Map() },
      duties: noDuties,
      queueNamespace: name,
    })
    onTestFinished(async () => {
      gate.thaw()
      await hall.close()
    })
    return { hall, gate, url: hall.url!, figures: `${hall.metricsUrl}/metrics` }
  }

  test('tells on the public face only whoever operates it', async () => {
    const { hall, url, figures } = await openHall()
    expect((await read(figures)).value('markethall_process_info')).toBe(1)
    expect((await fetch(`${figures}/more`)).status).toBe(404)
    const keyOf = async (permissions: string[]) => {
      const key = createApiKey()
      const context: CallContext = {
        actor: { kind: 'staff', id: 'key_00000000-0000-7000-8000-000000000000', permissions: ['*'] },
        caller: 'gateway',
        requestId: 'req_1',
        deadlineAt: Date.now() + 30_000,
        traceparent: undefined,
        key: undefined,
        undoesKey: undefined,
        signal: undefined,
      }
      const route = {
        module: 'identity',
        name: 'createApiKey',
        path: 'identity.createApiKey',
        kind: 'command',
        undoes: false,
      } as const
      expect(
        await hall.dispatch(route, context, { name: 'watcher', permissions, keyHash: hashApiKey(key) }),
      ).toMatchObject({ ok: true })
      return key
    }
    expect((await read(`${url}/metrics`, await keyOf(['hall:operate']))).value('markethall_process_info')).toBe(1)
    const refusedTo = async (headers: Record<string, string>) => (await fetch(`${url}/metrics`, { headers })).status
    expect(await refusedTo({ authorization: `Bearer ${await keyOf(['orders:read'])}` })).toBe(403)
    expect(await refusedTo({ 'x-forwarded-for': '127.0.0.1' })).toBe(401)
  })

  test('keeps nothing of what strangers make up', async () => {
    const { url, figures } = await openHall()
    const odd = (index: number): string =>
      [`/odd/${index}`, `/trpc/odd.${index}`, `/queues/${index}`, `/trpc/odd.${index},${index}?batch=1`][index % 4]!
    const askOdd = async (from: number, to: number) => {
      for (let index = from; index < to; index += 50)
        await Promise.all(
          Array.from({ length: 50 }, async (_, more) => (await fetch(`${url}${odd(index + more)}`)).text()),
        )
    }
    const shapeOf = ({ samples }: Exposition) =>
      new Set(
        samples.map(({ name, labels }) => JSON.stringify([name, labels])).filter((each) => !each.includes('nodejs_')),
      )
    await askOdd(0, 50)
    const before = await read(figures)
    await askOdd(50, 1_050)
    const after = await read(figures)
    expect(shapeOf(after)).toEqual(shapeOf(before))
    const requests = ({ value }: Exposition) => value('markethall_http_request_duration_seconds_count')!
    expect(requests(after) - requests(before)).toBe(1_000)
  })

  test('tells what it has in memory while its database is frozen', async () => {
    const { url, gate, figures } = await openHall()
    const ofIdentity = { module: 'identity' }
    const { value: before } = await read(figures)
    expect(before('markethall_database_up', ofIdentity)).toBe(1)
    expect(before('markethall_jobs_waiting', ofIdentity)).toBe(0)
    gate.freeze()
    const { value: frozen } = await read(figures)
    expect(frozen('markethall_database_up', ofIdentity)).toBe(0)
    expect(frozen('markethall_jobs_waiting', ofIdentity)).toBe(undefined)
    // Whoever asks again and again takes no more of the connections than one.
    const { value: again } = await read(figures)
    const busy = (value: Exposition['value']) =>
      value('markethall_database_connections', { ...ofIdentity, state: 'busy' })
    expect([busy(frozen), busy(again)]).toEqual([1, 1])
    expect(again('markethall_database_waiting', ofIdentity)).toBe(0)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    gate.thaw()
    await eventually(
      () => read(figures),
      ({ value }) => value('markethall_database_up', ofIdentity) === 1,
    )
  })
})
