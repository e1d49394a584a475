/** Sagas that lose their answer, their lease or their caller between any two lines. */
import type { ModuleRuntime } from '#platform/calls/operation'
import { DomainError } from '#platform/errors'
import { runSaga } from '#platform/saga/run-saga'
import { undoOf } from '#platform/saga/saga'
import { expect, test } from 'vitest'
import { contextOf, define, local, lostConnection, noting, openWorld, pivot, step, sweep } from './saga-world.ts'

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

test('an undo that goes on failing is tried less and less often, and parked in the end', async () => {
  await using world = await openWorld()
  const stuck = step('a', {
    request: () => null,
    do: () => Promise.reject(lostConnection()),
    undo: () => Promise.reject(new Error('the provider is down')),
  })
  const charge = world.bind('charge', define({ steps: [stuck], answer: () => ({}) }))
  await expect(runSaga(charge, contextOf(), {})).rejects.toThrow()
  await world.expireLeases()
  await world.hall.sql(`update "pricing".sagas set attempts = 39`)
  await sweep(world)
  expect(await world.sagas()).toMatchObject([{ state: 'parked', attempts: 40 }])
  await expect(runSaga(charge, contextOf(), {})).rejects.toMatchObject({ reason: 'platform.parked' })
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

test('a local step whose commit was not heard of is taken back if it was one', async () => {
  await using world = await openWorld()
  const { log, runtime } = world
  let loses = false
  const deaf: ModuleRuntime['database'] = {
    ...runtime.database,
    async transaction(work, options) {
      const result = await runtime.database.transaction(work, options)
      if (!loses) return result
      loses = false
      throw lostConnection()
    },
  }
  const claim = local('claim', {
    do: async () => {
      loses = true
      return log.push('claim')
    },
    undo: async () => log.push('undo claim'),
  })
  const definition = define({ steps: [noting(log, 'a'), claim], answer: () => ({}) })
  await expect(runSaga(world.bind('buy', definition, { database: deaf }), contextOf(), {})).rejects.toThrow()
  world.bind('buy', definition)
  await world.expireLeases()
  await sweep(world)
  const [saga] = await world.sagas()
  // It was the last step: what was committed is that all is done, and the caller, asking again, is told so.
  expect(saga).toMatchObject({ state: 'done' })
  expect(log).toEqual(['a', 'claim'])
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
