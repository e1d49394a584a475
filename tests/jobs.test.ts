/** What becomes of a job's run: done, tried again, given up at once, or too slow. */
import type { JobCtx } from '#platform/calls/context'
import { JobContext } from '#platform/calls/contexts'
import { type JobHandler, handleJob, handleJobs, job, Unrecoverable } from '#platform/events/job'
import { jobContext, runJobs } from '#platform/events/run-job'
import { eventually } from '#testing/eventually'
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

const runtimeOf = (hall: TestHall) => hall.processes[0]!.hosted.get('pricing')!.runtime

const run = (hall: TestHall, handler: JobHandler, ids: string[]): Promise<void> =>
  runJobs(runtimeOf(hall), new Map([[tick.name, handler]]), ids)

/** As if whoever has the jobs had not been heard of for longer than a lease. */
const endLeases = (hall: TestHall) => hall.sql(`update pricing.jobs set due_at = clock_timestamp()`)

/** What a run commits here: the tax rate of a country. */
const commitRate = (ctx: Pick<JobCtx, 'transaction'>, country: string) =>
  ctx.transaction(({ tx }) =>
    tx.execute(`insert into pricing.tax_rates (country, basis_points, version) values ('${country}', 2000, 1)`),
  )
async function committedRates({ sql }: TestHall): Promise<string[]> {
  const rows = await sql<{ country: string }>(
    `select country from pricing.tax_rates where country like 'X_' order by 1`,
  )
  return rows.map(({ country }) => country)
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

test('the pause after a failure doubles with each, up to ten minutes, and is not the same for all that failed together', async () => {
  await using hall = await startTestHall({ modules: ['pricing'] })
  const numbers = Array.from({ length: 12 }, (_, index) => index + 10)
  const handler = handleJob(tick, () => Promise.reject(new Error('not now')))
  for (const number of numbers) await add(hall, number)
  const ids = numbers.map((number) => `job_${number}`)
  for (const [attempts, halfSeconds] of [
    [1, 2],
    [2, 4],
    [9, 512],
    [40, 1200],
  ] as const) {
    await hall.sql(`update pricing.jobs set attempts = $1, due_at = clock_timestamp()`, [attempts - 1])
    const [before] = await hall.sql<{ at: string }>('select clock_timestamp() as at')
    await run(hall, handler, ids)
    const rows = await hall.sql<{ longest: number; shortest: number }>(
      `select extract(epoch from due_at - $1)::float8 * 2 as longest,
         extract(epoch from due_at - clock_timestamp())::float8 * 2 as shortest from pricing.jobs`,
      [before!.at],
    )
    // A quarter more or less; the time of the test itself is in the one and not in the other.
    for (const { longest, shortest } of rows) {
      expect(longest).toBeGreaterThanOrEqual(halfSeconds * 0.74)
      expect(shortest).toBeLessThanOrEqual(halfSeconds * 1.26)
    }
    const pauses = rows.map(({ shortest }) => shortest)
    // Where pauses are short, the time of the writes is of their size.
    const leastSpread = attempts > 2 ? halfSeconds / 20 : 0
    expect(Math.max(...pauses) - Math.min(...pauses)).toBeGreaterThan(leastSpread)
  }
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

test('a job stays with a run that goes on: its lease is renewed', async () => {
  await using hall = await startTestHall({ modules: ['pricing'] })
  await add(hall, 1)
  const going = Promise.withResolvers<void>()
  const running = run(
    hall,
    handleJob(tick, () => going.promise),
    ['job_1'],
  )
  const isDueLater = ([row]: { later: boolean }[]) => row!.later
  await eventually(() => jobsOf(hall), isDueLater)
  await endLeases(hall)
  // Nobody but the run itself puts it off again.
  await eventually(() => jobsOf(hall), isDueLater)
  going.resolve()
  await running
  expect(await jobsOf(hall)).toMatchObject([{ state: 'done', attempts: 1 }])
})

test('a run whose job another has taken over is told to stop, and neither commits nor says what became of it', async () => {
  await using hall = await startTestHall({ modules: ['pricing'] })
  await add(hall, 1)
  const begun = Promise.withResolvers<void>()
  const late = Promise.withResolvers<unknown>()
  const frozen = handleJob(tick, async (ctx) => {
    begun.resolve()
    await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
    await commitRate(ctx, 'XB').then(late.resolve, late.resolve)
  })
  const first = run(hall, frozen, ['job_1'])
  await begun.promise
  await endLeases(hall)
  await run(
    hall,
    handleJob(tick, (ctx) => commitRate(ctx, 'XA').then(() => undefined)),
    ['job_1'],
  )
  await first
  expect(await late.promise).toMatchObject({ name: 'TakenOver' })
  expect(await committedRates(hall)).toEqual(['XA'])
  expect(await jobsOf(hall)).toMatchObject([{ state: 'done', attempts: 2, error: null }])
})

test('a run that nobody has told yet commits nothing either, of one job or of several', async () => {
  await using hall = await startTestHall({ modules: ['pricing'] })
  for (const number of [1, 2]) await add(hall, number)
  const context = jobContext(runtimeOf(hall), { actor: { kind: 'guest' }, requestId: 'req_1', key: undefined })
  const holding = (...jobs: { id: string; attempts: number }[]) =>
    new JobContext(runtimeOf(hall), context, { jobs, signal: new AbortController().signal })
  const taken = [1, 2].map((number) => ({ id: `job_${number}`, attempts: 1 }))
  await hall.sql(`update pricing.jobs set attempts = 1`)
  await commitRate(holding(...taken), 'XA')
  await hall.sql(`update pricing.jobs set attempts = 2 where id = 'job_2'`)
  await expect(commitRate(holding(...taken), 'XB')).rejects.toMatchObject({ name: 'TakenOver' })
  await expect(commitRate(holding(taken[1]!), 'XC')).rejects.toMatchObject({ name: 'TakenOver' })
  await commitRate(holding(taken[0]!), 'XD')
  expect(await committedRates(hall)).toEqual(['XA', 'XD'])
})

test('while a run commits, nobody takes its job over', async () => {
  await using hall = await startTestHall({ modules: ['pricing'] })
  await add(hall, 1)
  const others: number[] = []
  const handler = handleJob(tick, (ctx) =>
    ctx.transaction(async ({ tx }) => {
      await tx.execute('select 1')
      await endLeases(hall)
      await run(
        hall,
        handleJob(tick, async (_ctx, { number }) => void others.push(number)),
        ['job_1'],
      )
    }),
  )
  await run(hall, handler, ['job_1'])
  expect(others).toEqual([])
  expect(await jobsOf(hall)).toMatchObject([{ state: 'done', attempts: 1 }])
})
