/** Runs of which nothing is kept: commands without a key, secrets, and sagas that change nothing before their end. */
import type { CallContext } from '#platform/calls/context'
import type { BoundOperation, ModuleRuntime } from '#platform/calls/operation'
import { run } from '#platform/calls/run'
import { anyone, command, saga, type Operation } from '#platform/contract'
import { DomainError } from '#platform/errors'
import { job } from '#platform/events/job'
import { sagaOf, type SagaDefinition } from '#platform/saga/saga'
import { startTestHall, type TestHall } from '#testing/hall'
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { z } from 'zod'

const { ask, step, local, define } = sagaOf<any, { word: string }, Record<string, any>>()
const input = z.strictObject({ word: z.string() })
const output = z.strictObject({ said: z.string() })
const remember = job('pricing.remember', z.strictObject({ word: z.string() }))
const closed = () => new DomainError('pricing.closed', 'CONFLICT', 'It is closed.')
const secretWord = 'open sesame'

const contextOf = (key?: string): CallContext => ({
  actor: { kind: 'guest' },
  caller: 'client:test',
  requestId: `req_${Math.random()}`,
  traceparent: undefined,
  deadlineAt: Date.now() + 5_000,
  key,
  undoesKey: undefined,
  signal: undefined,
})

async function openWorld() {
  const hall = await startTestHall({ modules: ['pricing'] })
  const { runtime } = hall.processes[0]!.hosted.get('pricing')!
  const logged: unknown[] = []
  const log = { ...runtime.log, error: (...what: unknown[]) => logged.push(what) } as unknown as ModuleRuntime['log']
  const bind = (spec: Operation, handler: unknown): BoundOperation => {
    const names = { module: 'pricing', name: 'say', path: 'pricing.say' }
    return {
      ...names,
      spec,
      input,
      output,
      promised: new Set(['pricing.closed']),
      handler,
      runtime: { ...runtime, log },
    }
  }
  return { hall, bind, logged, [Symbol.asyncDispose]: () => hall[Symbol.asyncDispose]() }
}

/** What is kept in the module's own tables, as text. */
async function kept({ sql: rows }: TestHall) {
  const tables = ['commands', 'sagas', 'journal', 'jobs']
  const counts = await Promise.all(tables.map((table) => rows(`select t::text as kept from "pricing".${table} as t`)))
  return Object.fromEntries(tables.map((table, index) => [table, counts[index]!.map((row) => row['kept'] as string)]))
}

const nothingKept = { commands: [], sagas: [], journal: [], jobs: [] }

test('a command without a key leaves no record, and one with a key does', async () => {
  await using world = await openWorld()
  const spec = command({ access: anyone, input, output })
  const operation = world.bind(spec, async (ctx: any, { word }: { word: string }) => {
    await ctx.tx.execute(sql`select 1`)
    return { said: word }
  })
  expect(await run(operation, contextOf(), { word: 'one' })).toEqual({ ok: true, value: { said: 'one' } })
  expect(await kept(world.hall)).toEqual(nothingKept)
  await run(operation, contextOf('key'), { word: 'two' })
  expect((await kept(world.hall))['commands']).toHaveLength(1)
})

test('a command that asks the database nothing sends it nothing', async () => {
  await using world = await openWorld()
  const { pool } = world.hall.processes[0]!.hosted.get('pricing')!.runtime.database
  await pool.query('select 1')
  const transactions = async () => {
    const [row] = await world.hall.sql(`select query from pg_stat_activity
      where application_name = 'markethall pricing' and datname = current_database()`)
    return row!['query'] as string
  }
  const spec = command({ access: anyone, input, output })
  const idle = world.bind(spec, (_ctx: any, { word }: { word: string }) => Promise.resolve({ said: word }))
  await run(idle, contextOf(), { word: 'one' })
  expect(await transactions()).toBe('select 1')
  await run(idle, contextOf('key'), { word: 'one' })
  expect(await transactions()).toBe('COMMIT')
})

test('a secret is recorded nowhere, whether it came with a key or not, and logged nowhere where it breaks', async () => {
  await using world = await openWorld()
  const spec = command({ access: anyone, input, output, secret: true })
  let times = 0
  const operation = world.bind(spec, (_ctx: any, { word }: { word: string }) => {
    times += 1
    return Promise.resolve({ said: word })
  })
  await run(operation, contextOf('key'), { word: secretWord })
  await run(operation, contextOf('key'), { word: secretWord })
  expect(times).toBe(2)
  const breaking = world.bind(spec, (ctx: any, { word }: { word: string }) =>
    ctx.tx.execute(sql`select ${word} from nowhere`),
  )
  expect(await run(breaking, contextOf('key'), { word: secretWord })).toMatchObject({ ok: false })
  expect(world.logged).toHaveLength(1)
  expect(JSON.stringify(world.logged)).not.toContain(secretWord)
  expect(await kept(world.hall)).toEqual(nothingKept)
})

const sayAtTheEnd = (fails = false): SagaDefinition =>
  define({
    steps: [
      ask('ask', { request: ({ input: { word } }) => word, do: (_ctx, word) => Promise.resolve(`${word}!`) }),
      local('write', {
        async do(ctx, { done }) {
          ctx.enqueue(remember, { word: done['ask'] })
          await ctx.tx.execute(sql`select 1`)
          if (fails) throw closed()
          return null
        },
      }),
    ],
    answer: ({ done }) => ({ said: done['ask'] }),
  })

test('a saga that only asks before one local end keeps no row without a key, and what its end wrote', async () => {
  await using world = await openWorld()
  const spec = saga({ access: anyone, input, output })
  const operation = world.bind(spec, sayAtTheEnd())
  expect(await run(operation, contextOf(), { word: 'one' })).toEqual({ ok: true, value: { said: 'one!' } })
  expect(await kept(world.hall)).toEqual({ ...nothingKept, jobs: [expect.stringContaining('one!')] })
  await run(operation, contextOf('key'), { word: 'two' })
  await run(operation, contextOf('key'), { word: 'two' })
  const after = await kept(world.hall)
  expect([after['sagas']!.length, after['jobs']!.length]).toEqual([1, 2])
})

test('such a saga that is refused at its end leaves nothing', async () => {
  await using world = await openWorld()
  const operation = world.bind(saga({ access: anyone, input, output }), sayAtTheEnd(true))
  const outcome = await run(operation, contextOf(), { word: 'one' })
  expect(outcome).toMatchObject({ ok: false, failure: { reason: 'pricing.closed' } })
  expect(await kept(world.hall)).toEqual(nothingKept)
})

test('a secret saga keeps no row although it came with a key', async () => {
  await using world = await openWorld()
  const operation = world.bind(saga({ access: anyone, input, output, secret: true }), sayAtTheEnd(true))
  await run(operation, contextOf('key'), { word: secretWord })
  expect(await kept(world.hall)).toEqual(nothingKept)
})

test('a saga that changes something elsewhere keeps its row, with or without a key', async () => {
  await using world = await openWorld()
  const steps = [
    step('change', { request: () => null, do: () => Promise.resolve(null) }),
    local('write', { do: () => Promise.resolve(null) }),
  ]
  const definition = define({ steps, answer: ({ input: { word } }) => ({ said: word }) })
  await run(world.bind(saga({ access: anyone, input, output }), definition), contextOf(), { word: 'one' })
  expect((await kept(world.hall))['sagas']).toHaveLength(1)
})
