/** Records that nobody will ask for again are forgotten after 7 days; what is open, or waits for a person, never. */
import { forgetExpired } from '#platform/events/retention'
import { runSaga } from '#platform/saga/run-saga'
import { startTestHall, type TestHall } from '#testing/hall'
import { expect, test } from 'vitest'
import { contextOf, define, lostConnection, openWorld, pivot, step, sweep, type World } from './saga-world.ts'

const ages = { young: '6 days 23 hours', old: '7 days 1 hour' }
const sagaStates = ['running', 'undoing', 'parked', 'done', 'undone', 'tombstone']
const jobStates = ['waiting', 'failed', 'skipped', 'done']

/** A record of every kind and state, young and old, with an id that says so. */
async function keepRecords({ sql }: TestHall): Promise<void> {
  for (const [age, interval] of Object.entries(ages)) {
    await sql(
      `insert into "pricing".commands (caller, key, operation, input_hash, state, recorded_at)
       select 'client', $1 || ' ' || state, 'pricing.quote', '', state, clock_timestamp() - $2::interval
       from unnest('{done,tombstone}'::text[]) as state`,
      [age, interval],
    )
    await sql(
      `insert into "pricing".sagas (id, caller, key, operation, input, input_hash, actor, request_id, state, recorded_at)
       select $1 || ' ' || state, 'client', $1 || ' ' || state, 'pricing.quote', '{}', '', '{}', '', state,
         clock_timestamp() - $2::interval
       from unnest($3::text[]) as state`,
      [age, interval, sagaStates],
    )
    await sql(
      `insert into "pricing".jobs (id, name, payload, actor, correlation, state, enqueued_at, ended_at)
       select $1 || ' ' || state, 'pricing.do', '{}', '{}', '', state, clock_timestamp() - $2::interval,
         case when state in ('done', 'skipped') then clock_timestamp() - $2::interval end
       from unnest($3::text[]) as state`,
      [age, interval, jobStates],
    )
  }
}

const idsOf = async ({ sql }: TestHall, table: string, column = 'id') =>
  (await sql<{ id: string }>(`select ${column} as id from "pricing".${table} order by 1`)).map(({ id }) => id)

test('what has ended is forgotten after a week; what is open, failed or parked is not', async () => {
  await using hall = await startTestHall({ modules: ['pricing'] })
  await keepRecords(hall)
  const { runtime } = hall.processes[0]!.hosted.get('pricing')!
  expect(await forgetExpired(runtime.database)).toEqual({ commands: 2, sagas: 3, jobs: 1 })
  expect(await forgetExpired(runtime.database)).toEqual({ commands: 0, sagas: 0, jobs: 0 })
  const young = (states: string[]) => states.map((state) => `young ${state}`)
  expect(await idsOf(hall, 'commands', 'key')).toEqual(young(['done', 'tombstone']))
  const openSagas = ['old parked', 'old running', 'old undoing']
  expect(await idsOf(hall, 'sagas')).toEqual([...openSagas, ...young(sagaStates)].toSorted())
  const keptJobs = ['old failed', 'old skipped', 'old waiting']
  expect(await idsOf(hall, 'jobs')).toEqual([...keptJobs, ...young(jobStates)].toSorted())
})

/** Parks a saga with one step of a kind, whose outcome is not known, and has it tried again more than a week later. */
async function tryAgainLater(world: World, kind: typeof step) {
  let isDown = true
  const asked = kind('a', {
    request: () => null,
    do: () => (isDown ? Promise.reject(lostConnection()) : Promise.resolve(world.log.push('a'))),
    undo: () => (isDown ? Promise.reject(new Error('out')) : Promise.resolve(world.log.push('undo a'))),
  })
  const charge = world.bind('charge', define({ steps: [asked], answer: () => ({}) }))
  await expect(runSaga(charge, contextOf(), {})).rejects.toThrow()
  isDown = false
  await world.hall.sql(`update "pricing".sagas set state = 'parked', recorded_at = recorded_at - interval '8 days'`)
  const { dead } = await world.hall.calls.pricing.deadList.query({})
  await world.hall.calls.pricing.deadRetry.mutate({ id: dead[0]!.id })
  await sweep(world)
}

test('a saga of more than a week ago is not undone, since its neighbours would say that all is well: a person is told', async () => {
  await using world = await openWorld()
  await tryAgainLater(world, step)
  expect([world.log, await world.sagas()]).toMatchObject([[], [{ state: 'parked' }]])
  const { dead } = await world.hall.calls.pricing.deadList.query({})
  expect(dead).toMatchObject([{ reason: expect.stringContaining('platform.forgotten') }])
})

test('one that is past its pivot goes forward, however old it is', async () => {
  await using world = await openWorld()
  await tryAgainLater(world, pivot)
  expect([world.log, await world.sagas()]).toMatchObject([['a'], [{ state: 'done' }]])
})
