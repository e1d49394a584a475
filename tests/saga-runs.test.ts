/** Sagas that lose their answer, their lease or their caller between any two lines. */
import { DomainError } from '#platform/errors'
import { runSaga } from '#platform/saga/run-saga'
import { undoOf } from '#platform/saga/saga'
import { expect, test } from 'vitest'
import { contextOf, define, lostConnection, noting, openWorld, pivot, step, sweep, type World } from './saga-world.ts'

test('a saga that its caller took back is refused when it arrives once more', async () => {
  await using world = await openWorld()
  const charge = world.bind('charge', define({ steps: [noting(world.log, 'a')], answer: () => ({}) }))
  const takeBack = world.bind('takeBack', undoOf('charge'))
  await runSaga(charge, contextOf(), {})
  const undo = contextOf({ key: 'the undo', undoesKey: 'a key of the test' })
  await runSaga(takeBack, undo, {})
  await expect(runSaga(charge, contextOf(), {})).rejects.toMatchObject({ reason: 'platform.undone' })
  await runSaga(takeBack, undo, {})
  expect(world.log).toEqual(['a', 'undo a'])
})

test('a saga that failed by itself may be asked again under its key', async () => {
  await using world = await openWorld()
  let fails = true
  const refuse = step('b', {
    request: () => null,
    do: async () => {
      if (fails) throw new DomainError('pricing.no', 'CONFLICT', 'No.')
      return null
    },
  })
  const charge = world.bind('charge', define({ steps: [noting(world.log, 'a'), refuse], answer: () => ({ ok: 1 }) }))
  await expect(runSaga(charge, contextOf(), {})).rejects.toMatchObject({ reason: 'pricing.no' })
  fails = false
  expect(await runSaga(charge, contextOf(), {})).toEqual({ ok: 1 })
  expect(world.log).toEqual(['a', 'undo a', 'a'])
})

test('an undo that fails is tried until it succeeds, and what is undone by then is not undone again', async () => {
  await using world = await openWorld()
  const { log } = world
  let failures = 3
  const stubborn = step('a', {
    request: () => null,
    do: async () => log.push('a'),
    undo: async () => {
      failures -= 1
      if (failures >= 0) throw new Error('the provider is down')
      return log.push('undo a')
    },
  })
  const fails = step('c', { request: () => null, do: () => Promise.reject(lostConnection()) })
  const charge = world.bind('charge', define({ steps: [stubborn, noting(log, 'b'), fails], answer: () => ({}) }))
  await expect(runSaga(charge, contextOf(), {})).rejects.toThrow('terminated')
  for (const left of [1, 0]) {
    await world.expireLeases()
    await sweep(world)
    expect([failures, await world.sagas()]).toMatchObject([left, [{ state: 'undoing' }]])
  }
  await world.expireLeases()
  await sweep(world)
  expect(log).toEqual(['a', 'b', 'undo b', 'undo a'])
  expect(await world.sagas()).toMatchObject([{ state: 'undone' }])
})

/** A saga that cannot be undone while `broken.is`, parked after its last try. */
async function parkUndo(world: World, broken: { is: boolean }) {
  const stuck = step('a', {
    request: () => null,
    do: () => Promise.reject(lostConnection()),
    undo: async () => {
      if (broken.is) throw new Error('the provider is down')
      return world.log.push('undo a')
    },
  })
  const charge = world.bind('charge', define({ steps: [stuck], answer: () => ({}) }))
  await expect(runSaga(charge, contextOf(), {})).rejects.toThrow()
  await world.expireLeases()
  await world.hall.sql(`update "pricing".sagas set attempts = 39`)
  await sweep(world)
  return charge
}

test('an undo that goes on failing is tried less and less often, and parked in the end for a person to try again', async () => {
  await using world = await openWorld()
  const broken = { is: true }
  const charge = await parkUndo(world, broken)
  const [saga] = await world.sagas()
  expect(saga).toMatchObject({ state: 'parked', attempts: 40 })
  await expect(runSaga(charge, contextOf(), {})).rejects.toMatchObject({ reason: 'platform.parked' })
  const { deadList, deadRetry } = world.hall.calls.pricing
  const id = `saga:${saga!['id'] as string}`
  expect(await deadList.query({})).toMatchObject({ dead: [{ id, kind: 'saga', name: 'pricing.charge', attempts: 40 }] })
  broken.is = false
  await deadRetry.mutate({ id })
  await sweep(world)
  expect(world.log).toEqual(['undo a'])
  expect([await world.sagas(), await deadList.query({})]).toMatchObject([[{ state: 'undone' }], { dead: [] }])
})

test('an undo that was parked is given up by a person for good: it is not tried again, and neither is the saga', async () => {
  await using world = await openWorld()
  const charge = await parkUndo(world, { is: true })
  const { deadList, deadSkip } = world.hall.calls.pricing
  const [letter] = (await deadList.query({})).dead
  await deadSkip.mutate({ id: letter!.id, because: 'Settled by telephone.' })
  await world.expireLeases()
  expect(await sweep(world)).toBe(0)
  await expect(runSaga(charge, contextOf(), {})).rejects.toMatchObject({ reason: 'platform.undone' })
  expect([world.log, await world.sagas(), await deadList.query({})]).toMatchObject([
    [],
    [{ state: 'tombstone' }],
    { dead: [] },
  ])
})

/** A pivot that fails with `failure` at first, and notes with which key and request it was asked. */
function failingPivot(world: World, failure: Error) {
  const asked: [unknown, unknown][] = []
  const placed = pivot('b', {
    request: ({ done }) => ({ of: done['a'] }),
    do: async (ctx, request) => {
      asked.push([(ctx.calls as { key: string }).key, request])
      if (asked.length === 1) throw failure
      return 'placed'
    },
  })
  const answer = ({ done }: { done: Record<string, unknown> }) => ({ is: done['b'] })
  const definition = define({ steps: [noting(world.log, 'a'), placed], answer })
  return { asked, place: world.bind('place', definition, { callsFor: ({ key }) => ({ key }) }) }
}

test('what is not known of the pivot is asked again, with the same key and request, and by whoever takes it up', async () => {
  await using world = await openWorld()
  const { asked, place } = failingPivot(world, lostConnection())
  await expect(runSaga(place, contextOf(), {})).rejects.toThrow('terminated')
  const [saga] = await world.sagas()
  expect(saga).toMatchObject({ state: 'running', pivoted: true })
  await world.expireLeases()
  await sweep(world)
  const once = [`${saga!['id'] as string}:b`, { of: 1 }]
  expect(asked).toEqual([once, once])
  expect(world.log).toEqual(['a'])
  expect(await world.sagas()).toMatchObject([{ state: 'done', answer: { is: 'placed' } }])
  expect(await runSaga(place, contextOf(), {})).toEqual({ is: 'placed' })
})

test('a pivot that is refused is no pivot: what was done before it is undone', async () => {
  await using world = await openWorld()
  const { asked, place } = failingPivot(world, new DomainError('platform.no', 'CONFLICT', 'No.'))
  await expect(runSaga(place, contextOf(), {})).rejects.toMatchObject({ reason: 'platform.no' })
  expect([asked.length, world.log]).toEqual([1, ['a', 'undo a']])
  expect(await world.sagas()).toMatchObject([{ state: 'undone', pivoted: false }])
})

test('a saga past its pivot that goes on failing is parked, and goes forward once it is tried again', async () => {
  await using world = await openWorld()
  let isDown = true
  const placed = pivot('placed', { request: () => null, do: async () => world.log.push('placed') })
  const sent = step('sent', {
    request: () => null,
    do: () => (isDown ? Promise.reject(lostConnection()) : Promise.resolve(world.log.push('sent'))),
  })
  const place = world.bind('place', define({ steps: [placed, sent], answer: () => ({ placed: true }) }))
  await runSaga(place, contextOf(), {})
  await world.hall.sql(`update "pricing".sagas set attempts = 39`)
  await world.expireLeases()
  await sweep(world)
  expect(await world.sagas()).toMatchObject([
    { state: 'parked', pivoted: true, failure: { reason: 'platform.internal' } },
  ])
  isDown = false
  const { dead } = await world.hall.calls.pricing.deadList.query({})
  await world.hall.calls.pricing.deadRetry.mutate({ id: dead[0]!.id })
  await sweep(world)
  expect(world.log).toEqual(['placed', 'sent'])
  expect(await world.sagas()).toMatchObject([{ state: 'done' }])
})

test('a saga whose end could not be written ends with the next run', async () => {
  await using world = await openWorld()
  const { hall } = world
  const last = pivot('last', {
    request: () => null,
    do: async () => {
      await hall.sql(
        `alter table "pricing".sagas add constraint not_done check (state <> 'done' or id = 'none') not valid`,
      )
      return 1
    },
  })
  const place = world.bind('place', define({ steps: [last], answer: () => ({ placed: true }) }))
  expect(await runSaga(place, contextOf(), {})).toEqual({ placed: true })
  await hall.sql(`alter table "pricing".sagas drop constraint not_done`)
  await world.expireLeases()
  await sweep(world)
  expect(await world.sagas()).toMatchObject([{ state: 'done', answer: { placed: true } }])
})

test('a run without a key that loses its lease finds its saga again, and begins no other', async () => {
  await using world = await openWorld()
  const { log } = world
  const first = pivot('first', {
    request: () => null,
    do: async () => {
      log.push('first')
      if (log.length > 1) return 1
      await world.expireLeases()
      await sweep(world)
      return 1
    },
  })
  const place = world.bind('place', define({ steps: [first, noting(log, 'b')], answer: () => ({ placed: true }) }))
  expect(await runSaga(place, contextOf({ key: undefined }), {})).toEqual({ placed: true })
  expect(await world.sagas()).toMatchObject([{ state: 'done' }])
})

test('a saga that was answered and then parked goes on to give its answer', async () => {
  await using world = await openWorld()
  const placed = pivot('placed', { request: () => null, do: async () => 1 })
  const stuck = step('stuck', { request: () => null, do: () => Promise.reject(new Error('down')) })
  const place = world.bind('place', define({ steps: [placed, stuck], answer: () => ({ placed: true }) }))
  await runSaga(place, contextOf(), {})
  await world.hall.sql(`update "pricing".sagas set state = 'parked'`)
  expect(await runSaga(place, contextOf(), {})).toEqual({ placed: true })
})
