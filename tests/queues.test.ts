import { eventually } from '#testing/eventually'
import type { Backend, TestHall } from '#testing/hall'
import { describe, expect, inject, test } from 'vitest'
import { buy as buyLines, openShop } from './shop.ts'

const hasRedis = inject('cluster').redisUrl !== undefined
const backends: Backend[] = hasRedis ? ['postgres', 'redis'] : ['postgres']
if (!hasRedis) console.info('There is no redis-server on this machine: the queue tests ran on PostgreSQL only.')

const buy = (hall: TestHall) => buyLines(hall, [{ sku: 'MUG', quantity: 1 }])
const year = { from: '2026-01-01', to: '2026-12-31', currency: 'GBP' }
const sales = (hall: TestHall) => hall.calls.reporting.sales.query(year)
const paidOrders = (hall: TestHall) =>
  hall.sql<{ paid: number }>(`select count(*)::int as paid from "orders".orders where state = 'paid'`)

describe.each(backends)('queues on %s', (backend) => {
  test('carry events to their listeners, and jobs to their module, without any sweep', async () => {
    await using hall = await openShop('near', { backend, works: true, sweeps: false })
    for (let bought = 0; bought < 5; bought += 1) await buy(hall)
    const reported = await eventually(
      () => sales(hall),
      ({ orders, behind }) => orders === 5 && behind === 0,
    )
    expect(reported.grossMinor).toBe(5 * 295)
    await eventually(
      () => paidOrders(hall),
      ([row]) => row!.paid === 5,
    )
  })

  test('are told by processes that do not work them what they have committed', async () => {
    await using hall = await openShop('near', { backend, works: 'apart', sweeps: false })
    await buy(hall)
    await buy(hall)
    await eventually(
      () => sales(hall),
      ({ orders, behind }) => orders === 2 && behind === 0,
    )
    await eventually(
      () => paidOrders(hall),
      ([row]) => row!.paid === 2,
    )
  })

  test('that were wiped, or never told, cost a sweep and nothing else', async () => {
    await using hall = await openShop('near', { backend, works: true })
    await buy(hall)
    await eventually(
      () => sales(hall),
      ({ orders }) => orders === 1,
    )
    // Events that no queue ever heard of, with positions beyond what is pushed next: a gap, which must be pulled.
    await hall.sql(`update "reporting".cursors set position = 0`)
    await hall.sql(`delete from "reporting".sold_orders`)
    await hall.sql(`delete from "reporting".sales_by_day`)
    await buy(hall)
    await eventually(
      () => sales(hall),
      ({ orders, behind }) => orders === 2 && behind === 0,
    )
  })

  test('reach modules in processes of their own', async () => {
    await using hall = await openShop('near', { backend, works: true, out: ['orders', 'reporting'] })
    await buy(hall)
    await eventually(
      () => sales(hall),
      ({ orders, behind }) => orders === 1 && behind === 0,
    )
    await eventually(
      () => paidOrders(hall),
      ([row]) => row!.paid === 1,
    )
  })
})

describe('a listener', () => {
  test('parks an event that fails for good with its reason, and all else flows', async () => {
    await using hall = await openShop('near')
    const refused = await buy(hall)
    await hall.sql(
      `alter table "reporting".sold_orders add constraint not_this check (order_id <> '${refused.orderId}')`,
    )
    const wanted = await buy(hall)
    await hall.settle()
    expect(await hall.sql(`select order_id from "reporting".sold_orders`)).toEqual([{ order_id: wanted.orderId }])
    const parked = await hall.sql<{ key: string; reason: string; name: string }>(
      `select key, reason, event->>'name' as name from "reporting".parked order by lane, position`,
    )
    // The order's later event waits behind the parked one, although nobody listens to it: the key's order is kept.
    expect(parked.map(({ key, name }) => ({ key, name }))).toEqual([
      { key: refused.orderId, name: 'orders.placed' },
      { key: refused.orderId, name: 'orders.paid' },
    ])
    expect(parked[0]!.reason).toContain('not_this')
    // What is parked is not applied: the figures do not pretend to be complete.
    expect(await sales(hall)).toMatchObject({ orders: 1, behind: 2 })
  })

  test('whose cursor is set back is told everything again, and ends the same', async () => {
    await using hall = await openShop('near')
    await buy(hall)
    await hall.settle()
    const before = await hall.sql('select * from "reporting".sales_by_day')
    await hall.sql(`update "reporting".cursors set position = 0`)
    await hall.settle()
    expect(await hall.sql('select * from "reporting".sales_by_day')).toEqual(before)
  })
})
