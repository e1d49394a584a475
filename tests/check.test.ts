/** `hall check`: what keeps a module from leaving is found, and what does not is told. */
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { anyone, query } from '#platform/contract'
import { oneProcess, type Topology } from '#platform/host/topology'
import { cloneTemplate, withClient } from '#testing/cluster'
import { crossingsOf, importsOf } from '../src/commands/check/boundary.ts'
import { contract as contractFinding, cycles, type Finding, verdictOf } from '../src/commands/check/readiness.ts'
import { migratedTables, problemsOf, tablesInDatabase } from '../src/commands/check/tables.ts'
import { graph, moduleNames } from '../src/modules.ts'
import { runAlone } from './command-line.ts'
import { doors } from './rules/architecture.ts'
import { readSources } from './rules/source.ts'

const root = join(import.meta.dirname, '..')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'markethall-check-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('whether a module can leave', () => {
  test.each(moduleNames)('%s can', async (module) => {
    const { code, out, err } = await runAlone(['check', module])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out.at(-1)).toMatch(new RegExp(`^${module} is ready to leave`))
    expect(out.join('\n')).toContain('how often was not measured')
  })

  test('fulfilment calls back into the hall that calls it, and check says so', async () => {
    const { out } = await runAlone(['check', 'fulfilment', '--json'])
    const { verdict, findings } = JSON.parse(out[0]!) as { verdict: string; findings: Finding[] }
    expect(verdict).toBe('ready, but')
    expect(findings.find(({ about }) => about === 'cycles')).toMatchObject({
      result: 'but',
      sentence: expect.stringMatching(/fulfilment → hall → fulfilment|hall → fulfilment → hall/),
    })
    const both: Topology = {
      processes: { back: { modules: ['fulfilment', 'orders'] }, hall: { modules: ['*'], gateway: true } },
    }
    expect(cycles(graph, both).result).toBe('ok')
  })

  test('the verdict is that of the worst that was found', () => {
    const found = (result: Finding['result']): Finding => ({ about: '', result, sentence: '', details: [] })
    expect(verdictOf([found('ok')])).toBe('ready')
    expect(verdictOf([found('ok'), found('but')])).toBe('ready, but')
    expect(verdictOf([found('no'), found('but')])).toBe('not ready')
  })

  test('modules that call each other in a circle cannot', () => {
    const none = { listens: [], sendsJobs: [] }
    const circle = { catalog: { calls: ['orders'], ...none }, orders: { calls: ['catalog'], ...none } }
    expect(cycles(circle, oneProcess)).toMatchObject({
      result: 'no',
      sentence: expect.stringContaining('catalog → orders → catalog'),
    })
  })

  test('a contract with what does not travel as JSON cannot', () => {
    const spec = { ...query({ access: anyone, input: z.strictObject({}), output: z.strictObject({}) }) }
    const whole = { name: 'orders', operations: { get: spec } }
    expect(contractFinding(whole)).toMatchObject({ result: 'ok' })
    const wrong = { ...spec, input: z.object({}), output: z.strictObject({ at: z.date() }) }
    const missing = { ...spec, output: undefined as never }
    expect(contractFinding({ name: 'orders', operations: { get: wrong, list: missing } })).toMatchObject({
      result: 'no',
      details: [expect.stringContaining('get input'), expect.stringContaining('get output.at'), 'list has no output'],
    })
  })

  test('imports are seen as a parser sees them', () => {
    const sources = readSources(root, ['src', 'workers'])
    for (const { path, text, imports } of sources) {
      const parsed = imports.filter(({ inside }) => inside).map(({ to }) => to)
      expect([path, importsOf({ path, text }).toSorted()]).toEqual([path, parsed.toSorted()])
    }
    expect(sources.length).toBeGreaterThan(100)
  })

  test('whoever reaches past a door is found, as the architecture test finds it', async () => {
    const fixture = join(root, 'tests/fixtures/architecture/doors')
    const crossed = doors(readSources(fixture))
      .filter(({ path }) => path.startsWith('src/modules/'))
      .map(({ path }) => path)
    // The fixture has no workers; the tool expects both folders.
    const copy = join(folder, 'doors')
    await mkdir(join(copy, 'workers'), { recursive: true })
    await cp(join(fixture, 'src'), join(copy, 'src'), { recursive: true })
    for (const module of ['orders', 'checkout']) {
      const { crossings } = crossingsOf(copy, module)
      expect(crossings.map(({ path }) => path).filter((path) => path.startsWith('src/modules/'))).toEqual(crossed)
    }
    expect(crossingsOf(copy, 'audit').crossings).toEqual([])
  })
})

describe('tables that can leave', () => {
  let databaseUrl: string
  beforeAll(async () => {
    databaseUrl = (await cloneTemplate(inject('cluster'), 'check')).url
  })

  test.each(moduleNames)('are those of %s, in its migrations and in a database alike', async (module) => {
    const migrated = migratedTables(join(root, 'drizzle'), module)
    expect(problemsOf(module, migrated)).toEqual([])
    expect(migrated.tables.length).toBeGreaterThan(5)
    const real = await tablesInDatabase(databaseUrl, module)
    expect(problemsOf(module, real)).toEqual([])
    // The journal's partitions are tables as well.
    const names = real.tables.map(({ name }) => name).filter((name) => !name.startsWith('journal_'))
    expect(names.toSorted()).toEqual(migrated.tables.map(({ name }) => name).toSorted())
  })

  test('are none without a key, with a sequence, or with a key to another schema', async () => {
    const { url } = await cloneTemplate(inject('cluster'), 'broken')
    await withClient(url, async (client) => {
      await client.query('CREATE TABLE orders.keyless (id bigserial)')
      await client.query('CREATE TABLE orders.linked (id text PRIMARY KEY REFERENCES payments.payments (id))')
      await client.query('CREATE TABLE audit.linked (id text PRIMARY KEY REFERENCES orders.orders (id))')
    })
    expect(problemsOf('orders', await tablesInDatabase(url, 'orders'))).toEqual([
      'keyless has no primary key, without which its rows cannot be copied while they change',
      'a foreign key leads from orders.linked to payments.payments',
      'a foreign key leads from audit.linked to orders.orders',
      'keyless_id_seq counts by a sequence, which does not travel with its tables',
    ])
    const { code, out } = await runAlone(['check', 'orders'], { DATABASE_URL: url })
    expect({ code, last: out.at(-1) }).toEqual({
      code: 1,
      last: expect.stringContaining('orders is not ready to leave: tables'),
    })
    expect(out).toContainEqual(expect.stringContaining('in the database, a foreign key leads from audit.linked'))
    const refused = await runAlone(['extract', 'orders', '--out', join(folder, 'refused')], { DATABASE_URL: url })
    expect(refused).toMatchObject({ code: 1, err: 'Nothing is written.\n' })
    expect(existsSync(join(folder, 'refused'))).toBe(false)
  })

  test('are none that a migration makes in the same way', async () => {
    const drizzle = join(folder, 'drizzle')
    const table = (schema: string, name: string, more: object = {}) => ({
      [`${schema}.${name}`]: {
        schema,
        name,
        columns: { id: { primaryKey: true } },
        compositePrimaryKeys: {},
        foreignKeys: {},
        ...more,
      },
    })
    const key = (schemaTo: string, tableTo: string) => ({ foreignKeys: { k: { schemaTo, tableTo } } })
    const made = {
      orders: {
        ...table('orders', 'orders', key('payments', 'payments')),
        ...table('public', 'stray'),
        ...table('orders', 'keyless', { columns: { id: { primaryKey: false } } }),
      },
      audit: table('audit', 'chain', key('orders', 'orders')),
    }
    for (const [module, tables] of Object.entries(made)) {
      await mkdir(join(drizzle, module, 'meta'), { recursive: true })
      await writeFile(join(drizzle, module, 'meta/0000_snapshot.json'), JSON.stringify({ tables }))
      await writeFile(join(drizzle, module, '0000_first.sql'), '-- nextval() is none in a comment\nCREATE SEQUENCE s;')
    }
    expect(problemsOf('orders', migratedTables(drizzle, 'orders'))).toEqual([
      'public.stray does not lie in the schema orders',
      'keyless has no primary key, without which its rows cannot be copied while they change',
      'a foreign key leads from audit.chain to orders.orders',
      'a foreign key leads from orders.orders to payments.payments',
      '0000_first.sql counts by a sequence, which does not travel with its tables',
    ])
  })

  test('are told of without the database where that cannot be reached', async () => {
    const { code, out } = await runAlone(['check', 'audit'], { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' })
    expect({ code, said: out.join('\n') }).toEqual({
      code: 0,
      said: expect.stringContaining('the database could not be reached'),
    })
  })
})
