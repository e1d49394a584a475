/** Background work in processes of its own: by duty, by module, and two of each beside one another. */
import { beginSchedule, Recurring } from '#platform/events/run-schedule'
import { jobContext } from '#platform/events/run-job'
import type { Schedule } from '#platform/events/job'
import type { ModuleRuntime } from '#platform/calls/operation'
import { setImmediate } from 'node:timers/promises'
import { eventually } from '#testing/eventually'
import { type Backend, startTestHall, type TestHall } from '#testing/hall'
import { brokenInvariants, readCharges } from '#testing/invariants'
import { describe, expect, inject, test } from 'vitest'
import { openWork } from '#testing/open-work'
import { buy, openShop, pence } from './shop.ts'

const backends: Backend[] = inject('cluster').redisUrl === undefined ? ['postgres'] : ['postgres', 'redis']
const mug = [{ sku: 'MUG', quantity: 1 }]
const twoOfEach = ['events', 'events', 'queues', 'queues', 'schedules', 'schedules'] as const

const allIsDone = (hall: TestHall) =>
  eventually(
    () => openWork(hall.sql),
    (open) => open === 0,
  )

describe.each(backends)('two processes of each duty, beside one that only answers, on %s', (backend) => {
  test('apply every event once, in the order of its key', async () => {
    await using hall = await openShop('near', { backend, works: twoOfEach, mugs: 20 })
    const bought = await Promise.all(Array.from({ length: 12 }, () => buy(hall, mug)))
    await allIsDone(hall)
    const { orders, fulfilment } = hall.calls
    const changes = bought.map(async ({ orderId: id }, index) => {
      if (index % 3 === 0) return orders.cancel.mutate({ id })
      if (index % 3 === 1) return fulfilment.ship.mutate({ orderId: id })
      return orders.refund.mutate({ id, amount: pence(100), reason: 'chipped' })
    })
    await Promise.all(changes)
    await allIsDone(hall)
    const charges = await readCharges(hall.paymentsUrl)
    expect(await brokenInvariants(hall.sql, { charges, settled: true })).toEqual([])
    const sales = await hall.calls.reporting.sales.query({ from: '2026-01-01', to: '2026-01-01', currency: 'GBP' })
    expect(sales).toMatchObject({ orders: 8, refundedMinor: 4 * 100, behind: 0 })
  })
})

describe('a schedule', () => {
  const everyMs = 3_600_000
  const runtimesOf = (hall: TestHall) => hall.processes.map(({ hosted }) => hosted.get('pricing')!.runtime)
  const openTwo = () => startTestHall({ modules: ['pricing'], works: ['queues'], sweeps: false })

  /** Looks after it again and again, as sweeps do. */
  async function look(runtime: ModuleRuntime, schedule: Schedule, isEnough: () => Promise<boolean>): Promise<void> {
    const recurring = new Recurring(runtime, schedule)
    const own = { actor: { kind: 'guest' as const }, requestId: 'req_1', key: undefined }
    do {
      await recurring.runIfDue(() => jobContext(runtime, own))
      await setImmediate()
    } while (!(await isEnough()))
  }

  test('begins once in its period, however many processes ask, and tells the others when to ask again', async () => {
    await using hall = await openTwo()
    const quiet: Schedule = { name: 'count', everyMs, run: async () => ({}) }
    const askAll = () =>
      Promise.all([1, 2, 3, 4, 5].flatMap(() => runtimesOf(hall).map((runtime) => beginSchedule(runtime, quiet))))
    const anHourPasses = () => hall.sql(`update pricing.schedules set begun_at = begun_at - interval '1 hour'`)
    for (let period = 1; period <= 3; period += 1) {
      const answers = await askAll()
      expect(answers.filter(({ isOurs }) => isOurs)).toHaveLength(1)
      for (const { isOurs, leftMs } of await askAll())
        expect({ isOurs, isLater: leftMs > 0 && leftMs <= everyMs }).toEqual({ isOurs: false, isLater: true })
      await anHourPasses()
    }
    // A clock that was wrong by years, and is right again.
    await hall.sql(`update pricing.schedules set begun_at = begun_at + interval '9 years'`)
    expect((await askAll()).filter(({ isOurs }) => isOurs)).toHaveLength(1)
  })

  test('runs as often as it should in two processes that both look after it, and never twice in a period', async () => {
    await using hall = await openTwo()
    const begun: number[] = []
    const quick: Schedule = {
      name: 'tick',
      everyMs: 40,
      async run() {
        const [row] = await hall.sql<{ ms: number }>(
          `select extract(epoch from begun_at)::float8 * 1000 as ms from pricing.schedules where name = 'tick'`,
        )
        begun.push(row!.ms)
        return {}
      },
    }
    await Promise.all(runtimesOf(hall).map((runtime) => look(runtime, quick, async () => begun.length >= 10)))
    const pauses = begun.slice(1).map((ms, index) => ms - begun[index]!)
    expect(pauses.filter((pause) => pause < quick.everyMs - 1)).toEqual([])
  })

  test('whose run takes longer than its period has the next ones fall away', async () => {
    await using hall = await openTwo()
    const going = Promise.withResolvers<void>()
    let runs = 0
    const slow: Schedule = {
      name: 'slow',
      everyMs: 1,
      async run() {
        runs += 1
        await going.promise
        return {}
      },
    }
    const [one, other] = runtimesOf(hall) as [ModuleRuntime, ModuleRuntime]
    const running = look(one, slow, async () => runs > 0)
    await eventually(
      async () => runs,
      (count) => count > 0,
    )
    const begun = new Set<string>()
    await look(other, slow, async () => {
      const [row] = await hall.sql<{ at: string }>(`select begun_at::text as at from pricing.schedules`)
      return begun.add(row!.at).size > 3
    })
    expect(runs).toBe(1)
    going.resolve()
    await running
  })
})
