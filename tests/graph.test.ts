/** `hall graph`: what is declared, and what was measured in a hall that runs, in one process and in several. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { micros, Traffic } from '#platform/calls/traffic'
import { type Edge, edgesOf, layersOf, modulesOf } from '../src/commands/graph/edges.ts'
import { layOut } from '../src/commands/graph/layout.ts'
import { type Told, together } from '../src/commands/graph/measured.ts'
import { describeDeclared, describeMeasured } from '../src/commands/graph/text.ts'
import { graph, moduleNames } from '../src/modules.ts'
import { keyFor, operatorKey, run, runAlone } from './command-line.ts'
import { expectWhole, openShop } from './shop.ts'

type Measured = Edge & { traffic: { count: number; perCheckout?: number; meanMs?: number; maxMs?: number } | null }
type Shown = {
  modules: string[]
  edges: Measured[]
  traffic: {
    processes: number
    checkouts: number
    silent: string[]
    arrived: { requests: number; calls: number }
  } | null
}

describe('the declared graph', () => {
  test('is shown whole, with a line that no traffic is shown, where no hall runs', async () => {
    const { code, out, err } = await runAlone(['graph'])
    expect(code).toBe(0)
    expect(err).toMatch(/^\nNo traffic is shown\. No hall answers at http:\/\/127\.0\.0\.1:\d+\./)
    const text = out.join('\n')
    for (const name of moduleNames) expect(text).toContain(name)
    expect(text).toMatch(/^gateway +calls +every module$/m)
    expect(text).toMatch(/^checkout +calls +catalog,\s+pricing,\s+inventory,\s+fulfilment,\s+payments,\s+orders$/m)
    expect(text).toMatch(/^ +sends jobs to +payments$/m)
    expect(text).toMatch(/^audit +listens to +every other module$/m)
  })

  test('fits into a narrow terminal, callers before those whom they call', () => {
    const lines = describeDeclared(graph, 60).join('\n').split('\n')
    expect(lines.filter((line) => line.length > 60)).toEqual([])
    const layers = layersOf(graph)
    const calls = edgesOf(graph).filter(({ kind }) => kind === 'calls')
    for (const { from, to } of calls) expect(layers.get(from)).toBeLessThan(layers.get(to)!)
    const none = { listens: [], sendsJobs: [] }
    expect(() => layersOf({ a: { calls: ['b'], ...none }, b: { calls: ['a'], ...none } })).toThrow('form a circle')
  })

  test('is the same in every format, and written to a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'markethall-graph-'))
    const file = join(folder, 'graph.svg')
    const { out } = await runAlone(['graph', '--format', 'json'])
    const { edges, traffic } = JSON.parse(out.join('\n')) as Shown
    expect([edges, traffic]).toEqual([edgesOf(graph), null])
    const mermaid = (await runAlone(['graph', '--format', 'mermaid'])).out.join('\n')
    const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8')
    expect(readme).toContain(`\`\`\`mermaid\n${mermaid}\n\`\`\``)
    expect(await runAlone(['graph', '--format', 'svg', '--out', file])).toMatchObject({ code: 0, out: [] })
    const svg = await readFile(file, 'utf8')
    for (const name of Object.keys(graph)) expect(svg).toContain(`>${name}</text>`)
    for (const { kind, from, to } of edgesOf(graph).filter(
      (edge) => edge.from !== 'gateway' && !['gateway', 'audit'].includes(edge.to),
    ))
      expect(svg).toContain(`<title>${from} to ${to}: ${kind}</title>`)
    expect(await runAlone(['graph', '--out', join(folder, 'none', 'x')])).toMatchObject({
      code: 1,
      err: expect.stringContaining('cannot be written'),
    })
    expect(await runAlone(['graph', '--format', 'dot'])).toMatchObject({ code: 2 })
    await rm(folder, { recursive: true })
  })

  test('is drawn with no module over another, and with arrows that end at modules', () => {
    const nodes = modulesOf(graph).filter((name) => name !== 'audit')
    const edges = edgesOf(graph).filter(({ from, to }) => nodes.includes(from) && nodes.includes(to))
    const { boxes, lines, width, height } = layOut(graph, { nodes, edges })
    expect(boxes.map(({ name }) => name).toSorted()).toEqual(nodes.toSorted())
    for (const box of boxes) {
      expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height).toBe(true)
      const over = boxes.filter(
        (other) =>
          other !== box &&
          Math.abs(other.x - box.x) < box.width &&
          other.y < box.y + box.height &&
          box.y < other.y + other.height,
      )
      expect(over).toEqual([])
    }
    const isAt = (name: string, { x, y }: { x: number; y: number }) => {
      const box = boxes.find((each) => each.name === name)!
      return (x === box.x || x === box.x + box.width) && y > box.y && y < box.y + box.height
    }
    for (const { edge, points } of lines)
      expect([edge, isAt(edge.from, points[0]!), isAt(edge.to, points.at(-1)!)]).toEqual([edge, true, true])
    // Arrows that end at the same place could not be told apart.
    const ends = lines.flatMap(({ points }) => [points[0]!, points.at(-1)!]).map(({ x, y }) => `${x} ${y}`)
    expect(new Set(ends).size).toBe(ends.length)
  })
})

describe('traffic', () => {
  test('is counted by caller and operation, the world outside as one', () => {
    const traffic = new Traffic('2026-01-01T12:00:00.000Z')
    const ago = (ms: number) => (micros() - ms * 1000) | 0
    traffic.near.add('checkout', 'orders.place', ago(30))
    traffic.near.add('checkout', 'orders.place', ago(10))
    traffic.near.add('client:guest', 'orders.get', ago(0))
    traffic.near.add('client:acc_1', 'orders.get', ago(0))
    const [place, get, ...others] = traffic.read()
    expect(others).toEqual([])
    expect(place).toMatchObject({ caller: 'checkout', module: 'orders', operation: 'place', calls: 2 })
    expect(place!.microsMax).toBeGreaterThanOrEqual(30_000)
    expect(place!.totalMicros).toBeGreaterThanOrEqual(place!.microsMax + 10_000)
    expect(get).toMatchObject({ caller: 'clients', module: 'orders', operation: 'get', calls: 2 })
  })

  test('of modules that share a process counts once, of processes together', () => {
    const told = (process: string, calls: number, microsMax: number): Told => ({
      process,
      since: `2026-01-01T12:00:0${microsMax}.000Z`,
      arrived: { requests: calls, calls: 10 },
      passed: [],
      calls: [
        { caller: 'checkout', module: 'orders', operation: 'place', calls, totalMicros: calls, microsMax },
        { caller: 'reporting', module: 'orders', operation: 'journalHeads', calls, totalMicros: calls, microsMax },
      ],
    })
    const [one, other] = [told('one', 2, 5), told('other', 3, 4)]
    expect(
      together(
        new Map([
          ['orders', one],
          ['catalog', one],
          ['checkout', other],
        ]),
      ),
    ).toMatchObject({
      since: '2026-01-01T12:00:04.000Z',
      processes: 2,
      checkouts: 5,
      arrived: { requests: 5, calls: 20 },
      calls: [{ operation: 'place', calls: 5, totalMicros: 5, microsMax: 5 }],
    })
  })

  test('of instances that did not answer is missing, which is told', () => {
    const process = { process: 'one', since: '2026-01-01T12:00:00.000Z', calls: [], arrived: { requests: 0, calls: 0 } }
    const told: Told = { ...process, passed: [], processes: [process], silent: ['http://orders:4001'] }
    const lines = describeMeasured(graph, together(new Map([['checkout', told]])))
    expect(lines.at(-1)).toMatch(/^These did not answer, .*: identity, catalog, .*, audit, http:\/\/orders:4001\.$/)
  })

  test('of a hall in several processes stands on its edges, and tells what it costs to leave', async () => {
    // Which instance of checkout asks is chance; what both asked counts. The gateway hosts nothing, and tells what clients ask.
    await using hall = await openShop('near', {
      out: ['checkout', 'payments'],
      instances: 2,
      gateway: 'apart',
      works: true,
    })
    for (let order = 0; order < 2; order += 1)
      expect(await run(['buy', 'MUG', '--url', hall.url], '')).toMatchObject({ code: 0 })
    await expectWhole(hall)
    const key = await operatorKey(hall)
    const ask = async (...line: string[]) => {
      const answer = await run([...line, '--url', hall.url], key)
      expect(answer).toMatchObject({ code: 0, err: '' })
      return answer.out.join('\n')
    }
    const { edges, traffic } = JSON.parse(await ask('graph', '--format', 'json')) as Shown
    expect(traffic).toMatchObject({ processes: 6, checkouts: 2, silent: [] })
    // Each checkout asks payments and orders something, and calls that begin together share a request.
    expect(traffic!.arrived.calls).toBeGreaterThanOrEqual(2 * 2)
    expect(traffic!.arrived.requests).toBeLessThanOrEqual(traffic!.arrived.calls)
    expect(traffic!.arrived.requests).toBeGreaterThan(0)
    const on = (kind: Edge['kind'], from: string, to: string) =>
      edges.find((edge) => edge.kind === kind && edge.from === from && edge.to === to)!.traffic
    expect(on('calls', 'checkout', 'orders')).toMatchObject({ count: 2, perCheckout: 1 })
    expect(on('calls', 'checkout', 'orders')!.meanMs).toBeGreaterThan(0)
    expect(on('calls', 'fulfilment', 'orders')).toEqual({ count: 0 })
    expect(on('calls', 'clients', 'checkout')!.count).toBeGreaterThanOrEqual(2 * 6)
    const { count: announced } = on('events', 'orders', 'reporting')!
    expect(announced).toBeGreaterThanOrEqual(2 * 2)
    expect(on('events', 'orders', 'inventory')).toEqual({ count: announced })

    const text = await ask('graph')
    expect(text).toContain('2 checkouts')
    expect(text).toMatch(/^checkout +→ +catalog +\d+ +\d+\.\d +[\d.]+ m?s +[\d.]+ m?s$/m)
    expect(await ask('graph', '--format', 'mermaid')).toContain('checkout -->|2 calls| orders')
    expect(await ask('graph', '--format', 'svg')).toContain(`>${announced}</text>`)

    const reserved = on('calls', 'checkout', 'inventory')!.perCheckout!
    expect(reserved).toBeGreaterThan(0)
    const check = await ask('check', 'inventory')
    expect(check).toContain(`at most ${(reserved * 0.25).toFixed(2)} ms more`)
    expect(check).toContain('inventory is ready to leave.')
    const { addedMsPerCheckout } = JSON.parse(await ask('check', 'identity', '--json')) as {
      addedMsPerCheckout: number
    }
    expect(addedMsPerCheckout).toBe(0)
  })

  test('is for those who operate the hall: nobody else sees it, and a hall that was named must answer', async () => {
    await using hall = await openShop('near', { modules: ['identity', 'catalog', 'inventory'] })
    const key = await keyFor(hall, ['catalog:read'])
    expect(await run(['graph', '--url', hall.url], key)).toMatchObject({
      code: 1,
      err: expect.stringContaining('platform.forbidden'),
    })
    expect(await run(['graph', '--url', 'http://127.0.0.1:1'], key)).toMatchObject({
      code: 1,
      err: expect.stringContaining('No hall answers'),
    })
    // The modules that are not there cannot tell; the others can.
    const { out } = await run(['graph', '--format', 'json', '--url', hall.url], await operatorKey(hall))
    const { traffic } = JSON.parse(out.join('\n')) as Shown
    expect(traffic).toMatchObject({
      processes: 1,
      silent: moduleNames.filter((name) => !['identity', 'catalog', 'inventory'].includes(name)),
    })
  })
})
