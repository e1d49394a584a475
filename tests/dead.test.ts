/** What failed for good is seen, tried again in order, or given up with a reason, whatever it was and wherever it lives. */
import { eventually } from '#testing/eventually'
import type { TestHall } from '#testing/hall'
import { expect, test } from 'vitest'
import { operatorKey, run } from './command-line.ts'
import { buy, expectWhole, openShop, refused } from './shop.ts'

const mug = [{ sku: 'MUG', quantity: 1 }]
const clerk = { kind: 'staff' as const, id: 'acc_clerk', permissions: ['orders:read'] }

/** Reporting can count no order from now on, save one: its table refuses every other row. */
const poison = (hall: TestHall, save = 'none') =>
  hall.sql(`alter table reporting.sold_orders add constraint poison check (order_id = '${save}') not valid`)
const heal = (hall: TestHall) => hall.sql('alter table reporting.sold_orders drop constraint poison')

const parkedOf = (hall: TestHall) =>
  hall.sql<{ name: string; attempts: number; stack: string | null }>(
    `select event->>'name' as name, attempts, stack from reporting.parked where event->>'name' not like '%.audited' order by position`,
  )

/** An order that is placed and cancelled while reporting fails. */
async function cancelledOrder(hall: TestHall): Promise<string> {
  const { orderId } = await buy(hall, mug)
  await hall.settle()
  await hall.calls.orders.cancel.mutate({ id: orderId, reason: 'changed my mind' })
  await hall.settle()
  return orderId
}

const soldOrders = (hall: TestHall) =>
  hall.sql('select order_id as id, is_cancelled as cancelled from reporting.sold_orders order by order_id')

test('a poisoned event parks its key alone, with reason, tries and stack; later ones of the key stand behind it', async () => {
  await using hall = await openShop('near')
  const before = await buy(hall, mug)
  await hall.settle()
  await poison(hall, before.orderId)
  await cancelledOrder(hall)
  const parked = await parkedOf(hall)
  expect(parked[0]).toMatchObject({ name: 'orders.placed', attempts: 4, stack: expect.stringContaining('poison') })
  expect(parked.slice(1).map(({ attempts, stack }) => ({ attempts, stack }))).toEqual(
    parked.slice(1).map(() => ({ attempts: 0, stack: null })),
  )
  expect(parked.map(({ name }) => name)).toContain('orders.cancelled')
  const { dead } = await hall.calls.reporting.deadList.query({})
  expect(dead).toEqual([
    expect.objectContaining({ kind: 'event', name: 'orders.placed', attempts: 4, behind: parked.length - 1 }),
  ])
  // What belongs to no parked key goes on.
  await hall.calls.orders.cancel.mutate({ id: before.orderId, reason: 'changed my mind' })
  await hall.settle()
  expect(await soldOrders(hall)).toEqual([{ id: before.orderId, cancelled: true }])
})

test('tried again once the cause is gone, all of the key is applied in order, and nothing twice', async () => {
  await using hall = await openShop('near')
  await poison(hall)
  const orderId = await cancelledOrder(hall)
  const { dead } = await hall.calls.reporting.deadList.query({})
  const { id, behind } = dead[0]!
  const failed = await hall.calls.reporting.deadRetry.mutate({ id })
  expect(failed).toEqual({ applied: 0, failedAgain: { id, reason: expect.stringContaining('poison') } })
  expect(await hall.calls.reporting.deadList.query({})).toMatchObject({ dead: [{ id, attempts: 5, behind }] })
  await heal(hall)
  const outcome = await hall.calls.reporting.deadRetry.mutate({ id }, { key: 'retry-of-the-operator' })
  expect(outcome).toEqual({ applied: behind + 1, failedAgain: null })
  // Asked again, the same is answered; asked anew, there is nothing.
  expect(await hall.calls.reporting.deadRetry.mutate({ id }, { key: 'retry-of-the-operator' })).toEqual(outcome)
  await expect(hall.calls.reporting.deadRetry.mutate({ id })).rejects.toMatchObject(refused('platform.not_dead'))
  expect(await soldOrders(hall)).toEqual([{ id: orderId, cancelled: true }])
  expect(await parkedOf(hall)).toEqual([])
  await expectWhole(hall)
})

test('given up, an event is passed over, what stands behind it is applied, and the audit tells who and why', async () => {
  await using hall = await openShop('near')
  const { orderId } = await buy(hall, mug)
  await hall.settle()
  await hall.sql(`alter table reporting.sold_orders add constraint poison check (not is_cancelled) not valid`)
  await hall.calls.orders.cancel.mutate({ id: orderId, reason: 'changed my mind' })
  await hall.settle()
  await hall.sql('alter table reporting.sold_orders drop constraint poison')
  const { dead } = await hall.calls.reporting.deadList.query({})
  expect(dead).toMatchObject([{ name: 'orders.cancelled' }])
  const { id, behind } = dead[0]!
  const because = 'It was counted by hand.'
  expect(await hall.calls.reporting.deadSkip.mutate({ id, because })).toEqual({ applied: behind, failedAgain: null })
  expect(await soldOrders(hall)).toEqual([{ id: orderId, cancelled: false }])
  await hall.settle()
  const { entries } = await hall.calls.audit.list.query({ limit: 1 })
  expect(entries).toMatchObject([{ operation: 'reporting.deadSkip', note: because }])
  expect(await hall.calls.audit.verify.query({})).toMatchObject({ intact: true })
})

test('one that waits behind another is refused, and told which comes first; so is who may not', async () => {
  await using hall = await openShop('near')
  await poison(hall)
  await cancelledOrder(hall)
  const [first, second] = await hall.sql<{ id: string }>(
    `select 'event:' || source || ':' || lane || ':' || position as id from reporting.parked order by position`,
  )
  const late = hall.calls.reporting.deadRetry.mutate({ id: second!.id })
  await expect(late).rejects.toMatchObject({
    ...refused('platform.not_first'),
    message: expect.stringContaining(first!.id),
  })
  const skipped = hall.calls.reporting.deadSkip.mutate({ id: second!.id, because: 'no' })
  await expect(skipped).rejects.toMatchObject(refused('platform.not_first'))
  const { reporting } = hall.as(clerk)
  await expect(reporting.deadList.query({})).rejects.toMatchObject(refused('platform.forbidden'))
  await expect(reporting.deadRetry.mutate({ id: first!.id })).rejects.toMatchObject(refused('platform.forbidden'))
  for (const id of ['event:orders:1', 'event:orders:1:1; drop table', 'job:', 'sale:1'])
    await expect(hall.calls.reporting.deadShow.query({ id })).rejects.toMatchObject(refused('platform.invalid_input'))
})

test('while a key is tried again, what is announced of it now is applied after, and nothing is lost', async () => {
  await using hall = await openShop('near', { works: true })
  await poison(hall)
  const orders = await Promise.all(Array.from({ length: 5 }, () => buy(hall, mug)))
  await eventually(
    () => hall.calls.reporting.deadList.query({}),
    ({ dead }) => dead.length === 5,
  )
  await heal(hall)
  const { dead } = await hall.calls.reporting.deadList.query({})
  const cancelling = orders.map(({ orderId }) =>
    hall.calls.orders.cancel.mutate({ id: orderId, reason: 'changed my mind' }),
  )
  const retrying = dead.map(({ id }) => hall.calls.reporting.deadRetry.mutate({ id }))
  await Promise.all([...cancelling, ...retrying])
  await hall.settle()
  expect((await soldOrders(hall)).map(({ cancelled }) => cancelled as boolean)).toEqual(orders.map(() => true))
  await expectWhole(hall)
})

test('failed jobs and parked sagas are seen, go on when they are tried again, and end when they are given up', async () => {
  await using hall = await openShop('near')
  await buy(hall, mug)
  await hall.settle()
  const [job] = await hall.sql<{ id: string }>(
    `update payments.jobs set state = 'failed', error = 'no way' returning id`,
  )
  expect(await hall.calls.payments.deadList.query({})).toMatchObject({
    dead: [{ id: `job:${job!.id}`, reason: 'no way' }],
  })
  await hall.calls.payments.deadRetry.mutate({ id: `job:${job!.id}` })
  await hall.settle()
  expect(await hall.sql('select state from payments.jobs where id = $1', [job!.id])).toEqual([{ state: 'done' }])
  await hall.sql(`update payments.jobs set state = 'failed' where id = $1`, [job!.id])
  await hall.calls.payments.deadSkip.mutate({ id: `job:${job!.id}`, because: 'It was done.' })
  expect(await hall.sql('select state from payments.jobs where id = $1', [job!.id])).toEqual([{ state: 'skipped' }])
  const [saga] = await hall.sql<{ id: string }>(
    `update checkout.sagas set state = 'parked', attempts = 40 where operation = 'checkout.complete' returning id`,
  )
  const id = `saga:${saga!.id}`
  const shown = await hall.calls.checkout.deadShow.query({ id })
  expect(shown).toMatchObject({ kind: 'saga', name: 'checkout.complete', attempts: 40 })
  expect(shown.content).not.toContain('card_ok')
  await hall.calls.checkout.deadRetry.mutate({ id })
  await hall.settle()
  expect(await hall.sql('select state, attempts from checkout.sagas where id = $1', [saga!.id])).toMatchObject([
    { state: 'done' },
  ])
  await hall.sql(`update checkout.sagas set state = 'parked' where id = $1`, [saga!.id])
  await hall.calls.checkout.deadSkip.mutate({ id, because: 'Settled by telephone.' })
  expect(await hall.sql('select state from checkout.sagas where id = $1', [saga!.id])).toEqual([{ state: 'tombstone' }])
})

test('by the command line: list, show, retry, skip', async () => {
  await using hall = await openShop('near')
  const key = await operatorKey(hall)
  const at = ['--url', hall.url, '--json']
  const told = async (...line: string[]) => {
    const { code, out, err } = await run([...line, ...at], key)
    return { code, err, answer: JSON.parse(out[0] ?? 'null') }
  }
  expect(await run(['dead', 'list', '--url', hall.url], key)).toEqual({
    code: 0,
    out: ['Nothing failed for good.'],
    err: '',
  })
  await poison(hall)
  await cancelledOrder(hall)
  const { answer } = await told('dead', 'list')
  const address = `reporting/${answer.dead[0].id as string}`
  const { out } = await run(['dead', 'list', '--url', hall.url], key)
  expect(out).toEqual([expect.stringMatching(/^Id +What/), expect.stringContaining(address)])
  expect(await told('dead', 'show', address)).toMatchObject({ code: 0, answer: { name: 'orders.placed' } })
  expect(await told('dead', 'retry', '--all')).toMatchObject({
    code: 1,
    answer: { done: [{ id: address, applied: 0 }] },
  })
  await heal(hall)
  expect(await told('dead', 'skip', address, '--because', 'Counted by hand.')).toMatchObject({
    code: 1,
    answer: { done: [{ failedAgain: {} }] },
  })
  expect(await told('dead', 'retry')).toMatchObject({
    code: 2,
    err: expect.stringContaining('name one, or give --all'),
  })
  expect(await told('dead', 'show', 'reporting')).toMatchObject({
    code: 2,
    err: expect.stringContaining('begins with its module'),
  })
  expect(await told('dead', 'show', 'sales/job:1')).toMatchObject({
    code: 2,
    err: expect.stringContaining('There is no module sales'),
  })
  expect(await told('dead', 'show', 'orders/job:1')).toMatchObject({
    code: 1,
    err: expect.stringContaining('platform.not_dead'),
  })
})
