/** Jobs that one module sends to another: with their cause or not at all, once, and to their owner only. */
import { JobContext } from '#platform/calls/contexts'
import { handleJob, handleJobs, job, type JobDefinition, type JobHandler } from '#platform/events/job'
import { allDuties } from '#platform/events/duties'
import { ModuleWorker } from '#platform/events/module-worker'
import { forgetExpired } from '#platform/events/retention'
import { jobContext } from '#platform/events/run-job'
import { startTestHall, type TestHall } from '#testing/hall'
import { expect, test } from 'vitest'
import { z } from 'zod'

const payload = z.strictObject({ number: z.int() })
const count = job('payments.count', payload)
const countAll = job('payments.countAll', payload)

const openHall = () => startTestHall({ modules: ['orders', 'payments', 'audit'] })
const customer = { kind: 'customer' as const, id: 'acc_1' }

function workerOf(hall: TestHall, module: string, { jobs, sources }: { jobs: JobHandler[]; sources: string[] }) {
  const { runtime, reader, assembly } = hall.processes[0]!.hosted.get(module)!
  const carrier = {
    add: () => Promise.resolve(),
    work: () => Promise.resolve(),
    ping: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
  return new ModuleWorker({
    runtime,
    reader,
    carrier,
    sources,
    assembly: { router: assembly.router, jobs },
    listenedBy: [],
    duties: allDuties,
    sweeps: false,
  })
}

const quietRound = { resumeSagas: false }

type Sent = { definition: JobDefinition; items: object[]; delayMs?: number }

async function send(hall: TestHall, { definition, items, delayMs = 0 }: Sent) {
  const { runtime } = hall.processes[0]!.hosted.get('orders')!
  const context = jobContext(runtime, { actor: customer, requestId: 'req_sender', key: undefined })
  await new JobContext(runtime, context).transaction((ctx) => {
    for (const item of items) ctx.enqueue(definition, item, { delayMs })
    return Promise.resolve()
  })
  await workerOf(hall, 'orders', { jobs: [], sources: [] }).round(quietRound)
}

test('a sent job is done once by its owner, in the name of whom its cause was done, and by nobody else', async () => {
  await using hall = await openHall()
  const done: [number, unknown][] = []
  const handler = handleJob(count, (ctx, { number }) => Promise.resolve(void done.push([number, ctx.actor])))
  const worker = workerOf(hall, 'payments', { jobs: [handler], sources: ['orders'] })
  await send(hall, { definition: count, items: [{ number: 1 }, { number: 2 }] })
  await worker.round(quietRound)
  await worker.round(quietRound)
  expect(done.toSorted(([one], [other]) => one - other)).toEqual([
    [1, customer],
    [2, customer],
  ])
  // A cursor that is set back is told again what has become jobs: they are there.
  await hall.sql(`update "payments".cursors set position = 0`)
  await worker.round(quietRound)
  expect(done).toHaveLength(2)
  const rows = await hall.sql(`select state, correlation, count(*)::int from "payments".jobs group by 1, 2`)
  expect(rows).toEqual([{ state: 'done', correlation: 'req_sender', count: 2 }])
  await workerOf(hall, 'audit', { jobs: [], sources: ['orders'] }).round(quietRound)
  expect(await hall.sql(`select 1 from "audit".jobs union all select 1 from "audit".parked`)).toEqual([])
})

test('a job is sent with its cause or not at all', async () => {
  await using hall = await openHall()
  const { runtime } = hall.processes[0]!.hosted.get('orders')!
  const context = jobContext(runtime, { actor: customer, requestId: 'req_sender', key: undefined })
  const failing = new JobContext(runtime, context).transaction((ctx) => {
    ctx.enqueue(count, { number: 1 })
    return Promise.reject(new Error('changed my mind'))
  })
  await expect(failing).rejects.toThrow('changed my mind')
  expect(await hall.sql(`select 1 from "orders".journal`)).toEqual([])
})

test('a job that is sent with a delay waits for it', async () => {
  await using hall = await openHall()
  const done: number[] = []
  const handler = handleJob(count, (_ctx, { number }) => Promise.resolve(void done.push(number)))
  const worker = workerOf(hall, 'payments', { jobs: [handler], sources: ['orders'] })
  await send(hall, { definition: count, items: [{ number: 1 }], delayMs: 3_600_000 })
  await worker.round(quietRound)
  expect(done).toEqual([])
  await hall.sql(`update "payments".jobs set due_at = due_at - interval '1 hour'`)
  await worker.round(quietRound)
  expect(done).toEqual([1])
})

test('a job that nobody handles yet is kept where it can be seen', async () => {
  await using hall = await openHall()
  await send(hall, { definition: count, items: [{ number: 1 }] })
  await workerOf(hall, 'payments', { jobs: [], sources: ['orders'] }).round(quietRound)
  const [kept] = await hall.sql(`select name, state, attempts, error from "payments".jobs`)
  expect(kept).toMatchObject({ name: 'payments.count', state: 'waiting', attempts: 1 })
  expect(kept!['error']).toContain('no handler')
})

test('a job that waits for somebody who is away for hours is not given up', async () => {
  await using hall = await openHall()
  let isAway = true
  const handler = handleJob(count, () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve()))
  const worker = workerOf(hall, 'payments', { jobs: [handler], sources: ['orders'] })
  await send(hall, { definition: count, items: [{ number: 1 }] })
  await worker.round(quietRound)
  // A day of pauses of ten minutes.
  await hall.sql(`update "payments".jobs set attempts = 150, due_at = now()`)
  await worker.round(quietRound)
  expect(await hall.sql(`select state from "payments".jobs`)).toEqual([{ state: 'waiting' }])
  isAway = false
  await hall.sql(`update "payments".jobs set due_at = now()`)
  await worker.round(quietRound)
  expect(await hall.sql(`select state from "payments".jobs`)).toEqual([{ state: 'done' }])
  // In the end a person must see it.
  isAway = true
  await hall.sql(`update "payments".jobs set state = 'waiting', attempts = 999, due_at = now()`)
  await worker.round(quietRound)
  expect(await hall.sql(`select state, error from "payments".jobs`)).toEqual([{ state: 'failed', error: 'away' }])
})

test('records that have expired are all forgotten, however many there are', async () => {
  await using hall = await openHall()
  const { runtime } = hall.processes[0]!.hosted.get('payments')!
  await hall.sql(
    `insert into "payments".jobs (id, name, payload, actor, correlation, state, due_at, ended_at)
     select 'job_' || n, 'payments.count', '{}', '{}', '', 'done', now(), now() - interval '8 days' from generate_series(1, 5001) n`,
  )
  expect(await forgetExpired(runtime.database)).toMatchObject({ jobs: 5001 })
  expect(await hall.sql(`select 1 from "payments".jobs`)).toEqual([])
})

test('a job goes only where the graph says', async () => {
  await using hall = await openHall()
  const strange = job('audit.count', payload)
  await expect(send(hall, { definition: strange, items: [{ number: 1 }] })).rejects.toThrow('the graph does not say')
})

test('jobs that are done together are tried one by one where together they fail', async () => {
  await using hall = await openHall()
  const calls: number[][] = []
  const handler = handleJobs(countAll, (_ctx, items) => {
    const numbers = items.map((item) => item.payload.number)
    calls.push(numbers.toSorted((one, other) => one - other))
    return numbers.includes(2) ? Promise.reject(new Error('not this one')) : Promise.resolve()
  })
  const worker = workerOf(hall, 'payments', { jobs: [handler], sources: ['orders'] })
  await send(hall, { definition: countAll, items: [{ number: 1 }, { number: 2 }, { number: 3 }] })
  await worker.round(quietRound)
  expect(calls[0]).toEqual([1, 2, 3])
  expect(calls.slice(1).toSorted(([one], [other]) => one! - other!)).toEqual([[1], [2], [3]])
  const rows = await hall.sql(
    `select (payload->>'number')::int as number, state, attempts from "payments".jobs order by 1`,
  )
  expect(rows).toEqual([
    { number: 1, state: 'done', attempts: 1 },
    { number: 2, state: 'waiting', attempts: 1 },
    { number: 3, state: 'done', attempts: 1 },
  ])
})
