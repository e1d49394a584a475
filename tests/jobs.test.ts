/** What becomes of a job's run: done, tried again, given up at once, or too slow. */
import { type JobHandler, handleJob, handleJobs, job, Unrecoverable } from '#platform/events/job'
import { runJobs } from '#platform/events/run-job'
import { startTestHall, type TestHall } from '#testing/hall'
import { expect, test } from 'vitest'
import { z } from 'zod'

const tick = job('pricing.tick', z.strictObject({ number: z.int() }))

const add = (hall: TestHall, number: number) =>
  hall.sql(
    `insert into pricing.jobs (id, name, payload, actor, correlation, state)
     values ($1, 'pricing.tick', $2, '{"kind":"guest"}', 'req_1', 'waiting')`,
    [`job_${number}`, JSON.stringify({ number })],
  )

async function run(hall: TestHall, handler: JobHandler, ids: string[]): Promise<void> {
  const { runtime } = hall.processes[0]!.hosted.get('pricing')!
  await runJobs(runtime, new Map([[tick.name, handler]]), ids)
}

const jobsOf = (hall: TestHall) =>
  hall.sql<{ id: string; state: string; attempts: number; error: string | null; later: boolean }>(
    `select id, state, attempts, error, due_at > clock_timestamp() as later from pricing.jobs order by id`,
  )

test('a job that fails is tried again later; one that cannot be helped is given up at once, and shown', async () => {
  await using hall = await startTestHall({ modules: ['pricing'] })
  for (const number of [1, 2, 3]) await add(hall, number)
  const handler = handleJob(tick, async (_ctx, { number }) => {
    if (number === 1) throw new Error('not now')
    if (number === 2) throw new Unrecoverable('never')
  })
  await run(hall, handler, ['job_1', 'job_2', 'job_3'])
  expect(await jobsOf(hall)).toMatchObject([
    { id: 'job_1', state: 'waiting', attempts: 1, error: 'not now', later: true },
    { id: 'job_2', state: 'failed', attempts: 1, error: 'never' },
    { id: 'job_3', state: 'done', attempts: 1, error: null },
  ])
  expect(await hall.calls.pricing.deadList.query({})).toMatchObject({ dead: [{ id: 'job:job_2', reason: 'never' }] })
})

test('of jobs that are done together, one that cannot be helped takes no other with it', async () => {
  await using hall = await startTestHall({ modules: ['pricing'] })
  for (const number of [1, 2, 3]) await add(hall, number)
  const handler = handleJobs(tick, async (_ctx, items) => {
    if (items.some(({ payload }) => payload.number === 2)) throw new Unrecoverable('never')
  })
  await run(hall, handler, ['job_1', 'job_2', 'job_3'])
  expect((await jobsOf(hall)).map(({ state }) => state)).toEqual(['done', 'failed', 'done'])
})

test('a run that takes too long is told to stop, has failed, and commits nothing any more', async () => {
  await using hall = await startTestHall({ modules: ['pricing'] })
  await add(hall, 1)
  const late = Promise.withResolvers<unknown>()
  const handler = handleJob(
    tick,
    async (ctx) => {
      await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
      const write = ctx.transaction(({ tx }) => tx.execute(`delete from pricing.jobs`))
      await write.then(late.resolve, late.resolve)
    },
    { timeLimitMs: 20 },
  )
  await run(hall, handler, ['job_1'])
  expect(await late.promise).toMatchObject({ message: 'pricing.tick took longer than 20 ms.' })
  expect(await jobsOf(hall)).toMatchObject([
    { state: 'waiting', attempts: 1, error: 'pricing.tick took longer than 20 ms.', later: true },
  ])
})

test('a run that was taken over does not say that the job is done', async () => {
  await using hall = await startTestHall({ modules: ['pricing'] })
  await add(hall, 1)
  const handler = handleJob(tick, async () => {
    await hall.sql('update pricing.jobs set attempts = attempts + 1')
  })
  await run(hall, handler, ['job_1'])
  expect(await jobsOf(hall)).toMatchObject([{ state: 'waiting', attempts: 2 }])
})
