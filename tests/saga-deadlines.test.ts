/** The deadline of a whole saga: before its pivot nobody takes a late one forward, and from the pivot on it counts no more. */
import { runSaga } from '#platform/saga/run-saga'
import { eventually } from '#testing/eventually'
import { expect, test } from 'vitest'
import {
  ask,
  contextOf,
  define,
  local,
  localPivot,
  lostConnection,
  noting,
  openWorld,
  pivot,
  step,
  sweep,
  type World,
} from './saga-world.ts'

const late = { reason: 'platform.deadline_exceeded', code: 'TIMEOUT' }

/** Lets the deadline of every saga pass, by the clock that decides. */
const pass = ({ hall }: World) =>
  hall.sql(`update "pricing".sagas set deadline_at = clock_timestamp() - interval '1 second'`)

/** A step in which the deadline passes, though its run does not know. */
const passing = (world: World, name: string) =>
  step(name, {
    request: () => null,
    do: async () => {
      await pass(world)
      return world.log.push(name)
    },
    undo: async () => world.log.push(`undo ${name}`),
  })

const deadlineMs = 2_000
/** A step that takes longer than that. */
const slow = ({ hall, log }: World, name: string) =>
  step(name, {
    request: () => null,
    do: async () => {
      await hall.sql('select pg_sleep(2)')
      return log.push(name)
    },
    undo: async () => log.push(`undo ${name}`),
  })

test('is a minute from the beginning, or what the saga says, and is written with its row', async () => {
  await using world = await openWorld()
  const steps = [noting(world.log, 'a')]
  await runSaga(world.bind('short', define({ steps, answer: () => ({}) })), contextOf({ key: 'one' }), {})
  const patient = define({ steps, answer: () => ({}), deadlineMs: 3_600_000 })
  await runSaga(world.bind('long', patient), contextOf({ key: 'two' }), {})
  const left = await world.hall.sql(
    `select operation, extract(epoch from deadline_at - recorded_at) as seconds from "pricing".sagas order by operation`,
  )
  expect(left.map(({ operation, seconds }) => [operation, Math.round(Number(seconds))])).toEqual([
    ['pricing.long', 3600],
    ['pricing.short', 60],
  ])
})

test('once passed between two steps, no further step is begun, what was done is undone, and the caller is told why', async () => {
  await using world = await openWorld()
  const { log } = world
  const steps = [noting(log, 'a'), slow(world, 'b'), noting(log, 'c')]
  const place = world.bind('place', define({ steps, answer: () => ({}), deadlineMs }))
  await expect(runSaga(place, contextOf(), {})).rejects.toMatchObject(late)
  expect(log).toEqual(['a', 'b', 'undo b', 'undo a'])
  expect(await world.sagas()).toMatchObject([{ state: 'undone', failure: { reason: late.reason } }])
  // It was refused by itself, so it may be asked for again.
  const patient = world.bind('place', define({ steps, answer: () => ({ ok: 1 }) }))
  expect(await runSaga(patient, contextOf(), {})).toEqual({ ok: 1 })
})

test('nothing is left of one that has only asked by then', async () => {
  await using world = await openWorld()
  const asking = ask('ask', { request: () => null, do: () => world.hall.sql('select pg_sleep(2)') })
  const steps = [asking, local('write', { do: async () => world.log.push('write') })]
  const place = world.bind('place', define({ steps, answer: () => ({}), deadlineMs }))
  for (const key of ['a key', undefined])
    await expect(runSaga(place, contextOf({ key }), {})).rejects.toMatchObject(late)
  expect([world.log, await world.sagas()]).toEqual([[], []])
})

test('is decided by the database: a run that thinks itself in time does not reach the pivot', async () => {
  await using world = await openWorld()
  const { log } = world
  const steps = [
    noting(log, 'a'),
    passing(world, 'b'),
    pivot('c', { request: () => null, do: async () => log.push('c') }),
  ]
  const place = world.bind('place', define({ steps, answer: () => ({}) }))
  await expect(runSaga(place, contextOf(), {})).rejects.toMatchObject(late)
  expect(log).toEqual(['a', 'b', 'undo b', 'undo a'])
  expect(await world.sagas()).toMatchObject([{ state: 'undone', pivoted: false, failure: { reason: late.reason } }])
})

test.each([
  ['a pivot in its own tables', localPivot],
  ['an end in its own tables', local],
])('nor %s', async (_, end) => {
  await using world = await openWorld()
  const { hall, log } = world
  await hall.sql('create table "pricing".noted (id text)')
  await hall.sql(`grant all on "pricing".noted to public`)
  const write = end('write', {
    do: async (ctx) => {
      await ctx.tx.execute(`insert into noted values ('x')`)
      return log.push('write')
    },
    undo: async () => log.push('undo write'),
  })
  const place = world.bind('place', define({ steps: [passing(world, 'a'), write], answer: () => ({}) }))
  await expect(runSaga(place, contextOf(), {})).rejects.toMatchObject(late)
  // What the step wrote went with its transaction: there is nothing to take back.
  expect(log).toEqual(['a', 'write', 'undo a'])
  expect(await hall.sql('select * from "pricing".noted')).toEqual([])
  expect(await world.sagas()).toMatchObject([{ state: 'undone', pivoted: false }])
})

test('an end that comes too late is taken back, its last step too', async () => {
  await using world = await openWorld()
  const place = world.bind(
    'place',
    define({ steps: [noting(world.log, 'a'), passing(world, 'b')], answer: () => ({}) }),
  )
  await expect(runSaga(place, contextOf(), {})).rejects.toMatchObject(late)
  expect(world.log).toEqual(['a', 'b', 'undo b', 'undo a'])
  expect(await world.sagas()).toMatchObject([{ state: 'undone', answer: null }])
})

test('does not turn back what has passed its pivot', async () => {
  await using world = await openWorld()
  const { log } = world
  let isDown = true
  const failing = step('b', {
    request: () => null,
    do: () => (isDown ? Promise.reject(lostConnection()) : Promise.resolve(log.push('b'))),
  })
  const steps = [pivot('a', { request: () => null, do: () => pass(world) }), failing, noting(log, 'c')]
  const place = world.bind('place', define({ steps, answer: () => ({ placed: true }) }))
  expect(await runSaga(place, contextOf(), {})).toEqual({ placed: true })
  expect(await world.sagas()).toMatchObject([{ state: 'running', pivoted: true }])
  isDown = false
  await world.expireLeases()
  await sweep(world)
  expect(log).toEqual(['b', 'c'])
  expect(await world.sagas()).toMatchObject([{ state: 'done', answer: { placed: true } }])
})

test('a run that dies late is undone by whoever takes it up, and its row says why', async () => {
  await using world = await openWorld()
  const dies = step('b', {
    request: () => null,
    do: async () => {
      await pass(world)
      await world.expireLeases()
      await sweep(world)
      return 1
    },
    undo: async () => world.log.push('undo b'),
  })
  const place = world.bind('place', define({ steps: [noting(world.log, 'a'), dies], answer: () => ({}) }))
  const outcome = runSaga(place, contextOf({ deadlineAt: Date.now() }), {})
  await expect(outcome).rejects.toMatchObject({ reason: 'platform.deadline_exceeded' })
  expect(world.log).toEqual(['a', 'undo b', 'undo a'])
  expect(await world.sagas()).toMatchObject([{ state: 'undone', failure: late }])
})

test('a step that hangs is called off, and its outcome counts as unknown', async () => {
  await using world = await openWorld()
  const { log } = world
  const hangs = step('b', {
    request: () => null,
    do: (ctx) =>
      new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(new Error('it was called off')))),
    undo: async () => log.push('undo b'),
  })
  const definition = define({ steps: [noting(log, 'a'), hangs], answer: () => ({}), deadlineMs })
  const place = world.bind('place', definition, { leaseMs: 150 })
  await expect(runSaga(place, contextOf(), {})).rejects.toThrow('called off')
  expect(log).toEqual(['a', 'undo b', 'undo a'])
})

test('a step that hears nothing loses its saga, which another worker undoes; it begins no other when it wakes', async () => {
  await using world = await openWorld()
  const { log } = world
  const hung = Promise.withResolvers<number>()
  const deaf = step('b', {
    request: () => null,
    do: () => hung.promise,
    undo: async () => log.push('undo b'),
  })
  const definition = define({ steps: [noting(log, 'a'), deaf], answer: () => ({}), deadlineMs })
  const place = world.bind('place', definition, { leaseMs: 150 })
  const outcome = runSaga(place, contextOf({ deadlineAt: Date.now() + 100 }), {}).catch((error: unknown) => error)
  await eventually(
    () => sweep(world).then(() => world.sagas()),
    ([saga]) => saga?.['state'] === 'undone',
  )
  hung.resolve(1)
  expect(await outcome).toMatchObject({ reason: 'platform.deadline_exceeded' })
  expect(log).toEqual(['a', 'undo b', 'undo a'])
  expect(await world.sagas()).toHaveLength(1)
})

test('whoever asks meanwhile under the same key waits, and is served once the late one is undone', async () => {
  await using world = await openWorld()
  const { log } = world
  const hung = Promise.withResolvers<number>()
  let runs = 0
  const deaf = step('b', {
    request: () => null,
    do: () => {
      runs += 1
      return runs === 1 ? hung.promise : Promise.resolve(log.push('b'))
    },
    undo: async () => log.push('undo b'),
  })
  const definition = define({ steps: [noting(log, 'a'), deaf], answer: () => ({ ok: 1 }), deadlineMs })
  const place = world.bind('place', definition, { leaseMs: 150 })
  const first = runSaga(place, contextOf({ deadlineAt: Date.now() + 100 }), {}).catch((error: unknown) => error)
  await eventually(
    () => world.sagas(),
    (sagas) => sagas.length === 1,
  )
  const second = runSaga(world.bind('place', { ...definition, deadlineMs: 60_000 }), contextOf(), {})
  expect(await second).toEqual({ ok: 1 })
  hung.resolve(1)
  expect(await first).toMatchObject({ reason: 'platform.deadline_exceeded' })
  expect(log).toEqual(['a', 'undo b', 'undo a', 'a', 'b'])
  expect(await world.sagas()).toMatchObject([{ state: 'undone', failure: late }, { state: 'done' }])
})
