/** `npm run worker` as real processes: some modules, some duties, two of each, one that is killed and one that was frozen. */
import { eventually } from '#testing/eventually'
import { expect, test } from 'vitest'
import { expectTheBooks, placeFixture, runTool, tellOnFailure, totals } from './processes/trading.ts'
import { type OpenHall, openWorld, type World } from './processes/world.ts'

const testMsMax = 240_000

/** Buys a candle of the demo, and waits a moment for it to be paid. */
async function buy(world: World, { url }: OpenHall, card = 'card_ok') {
  const args = ['buy', 'CANDLE-BEESWAX-SHORT', '--card', card, '--json', '--url', url]
  const { out } = await runTool(world, args)
  return JSON.parse(out.at(-1)!) as { orderId: string; state: string; total: { amountMinor: number } }
}

/** Of how many lanes a module has applied anything. */
const lanesOf = async ({ sql }: World, module: string) => (await sql(`select 1 from "${module}".cursors`)).length

test('a worker of some modules works those, and no other that it needs', { timeout: testMsMax }, async () => {
  await using world = await openWorld({ provider: 'elsewhere' })
  const hall = await world.startHall({ WORKERS: 'off', DEMO: 'on' })
  const first = await world.startWorker(['orders', 'payments'])
  tellOnFailure([hall, first])
  expect(first.out).toContain("Markethall's worker is ready: orders, payments")
  const { orderId } = await buy(world, hall)
  await eventually(
    () => world.sql<{ state: string }>('select state from "orders".orders where id = $1', [orderId]),
    ([order]) => order?.state === 'paid',
  )
  // Orders listens to fulfilment, which is hosted for it; reporting nobody asked for.
  expect([await lanesOf(world, 'fulfilment'), await lanesOf(world, 'reporting')]).toEqual([0, 0])
  await world.startWorker(['reporting'])
  await eventually(
    () => world.sql('select 1 from reporting.sold_orders where order_id = $1', [orderId]),
    (rows) => rows.length === 1,
  )
  expect(await lanesOf(world, 'fulfilment')).toBe(0)
})

test('two workers of each duty keep the books when one of each is killed', { timeout: testMsMax }, async () => {
  await using world = await openWorld({ provider: 'elsewhere' })
  const hall = await world.startHall({ WORKERS: 'off' })
  const startPair = async (...only: string[]) => [await world.startWorker(only), await world.startWorker(only)]
  const workers = await Promise.all([startPair('--only', 'events,schedules'), startPair('--only', 'queues')])
  tellOnFailure([hall, ...workers.flat()])
  const trade = placeFixture(world, hall.url)
  await eventually(
    () => world.sql('select 1 from "orders".orders'),
    (orders) => orders.length > 3,
  )
  await Promise.all(workers.map(([first]) => first!.kill()))
  expect(await trade).toMatchObject(totals)
  await expectTheBooks(world)
})

test(
  'a worker that was frozen while it took money is stood in for, and comes back to nothing',
  { timeout: testMsMax },
  async () => {
    await using world = await openWorld({ provider: 'elsewhere' })
    const hall = await world.startHall({ WORKERS: 'off', DEMO: 'on' })
    const frozen = await world.startWorker([], { PAYMENTS_TIMEOUT_MS: '60000', LOG_LEVEL: 'info' })
    tellOnFailure([hall, frozen])
    // The provider takes the money, and tells nobody who asked first.
    const bought = await buy(world, hall, 'card_hang_capture')
    await eventually(
      () => world.charges(),
      ([charge]) => charge?.capturedMinor === bought.total.amountMinor,
    )
    process.kill(frozen.pid, 'SIGSTOP')
    const other = await world.startWorker()
    const captureJob = () =>
      world.sql<{ state: string; attempts: number }>(
        `select state, attempts from payments.jobs where name = 'payments.capture'`,
      )
    // Its lease is over in seconds; the time limit of the frozen run is not.
    await eventually(captureJob, ([job]) => job?.state === 'done', 40_000)
    process.kill(frozen.pid, 'SIGCONT')
    await eventually(
      async () => frozen.err,
      (lines) => lines.some((line) => line.includes('taken over by another run')),
    )
    expect(await captureJob()).toEqual([{ state: 'done', attempts: 2 }])
    expect(await world.charges()).toMatchObject([{ capturedMinor: bought.total.amountMinor }])
    for (const worker of [frozen, other]) expect(await worker.stop()).toEqual({ code: 0, signal: null })
  },
)
