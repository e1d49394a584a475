/** The events of one batch and their handlers: a key's order is kept, whatever runs side by side or is gathered. */
import { applyEvents } from '#platform/events/apply'
import type { EventItem, JournalEvent, Listener } from '#platform/events/event'
import { startTestHall, type TestHall } from '#testing/hall'
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const seed = 2_010_120_1
const names = ['orders.placed', 'orders.cancelled', 'orders.refunded'] as const
type Name = (typeof names)[number]

const eventOf = (name: Name, key: string, position: number): JournalEvent => ({
  id: `evt_${position}`,
  name,
  key,
  version: position,
  fact: JSON.stringify({ position }),
  correlation: 'req_1',
  causation: null,
  actor: { kind: 'guest' },
  announcedAt: '2026-01-01T12:00:00.000Z',
  lane: 0,
  position,
})

/** Listeners that note what they were given: the first two one by one, with a pause of a statement, the last all at once. */
function noting(log: { key: string; position: number }[], ends: string[] = []) {
  const event = { read: (fact: unknown) => fact }
  const handle = async (ctx: any, { position }: { position: number }, { key }: { key: string }) => {
    log.push({ key, position })
    await ctx.tx.execute(sql`select ${position}`)
    ends.push(key)
  }
  const handleAll = async (tx: any, items: readonly EventItem[]) => {
    for (const { fact, meta } of items) log.push({ key: meta.key, position: fact.position })
    await tx.execute(sql`select 1`)
  }
  const [placed, cancelled, refunded] = [{ handle }, { handle }, { handleAll }].map((how) => ({ event, ...how }))
  return new Map<string, Listener>([
    [names[0], placed as unknown as Listener],
    [names[1], cancelled as unknown as Listener],
    [names[2], refunded as unknown as Listener],
  ])
}

const openHall = () => startTestHall({ modules: ['reporting'] })

const apply = (hall: TestHall, listening: Map<string, Listener>, events: readonly JournalEvent[]) =>
  applyEvents(hall.processes[0]!.hosted.get('reporting')!.runtime, listening, {
    source: 'orders',
    batches: [{ lane: 0, events }],
  })

test('a key’s events are handled in their order, also where some handlers take many at once', async () => {
  await using hall = await openHall()
  let last = 0
  const happens = fc.record({ name: fc.constantFrom(...names), key: fc.constantFrom('a', 'b', 'c') })
  await fc.assert(
    fc.asyncProperty(fc.array(happens, { minLength: 1, maxLength: 150 }), async (facts) => {
      const log: { key: string; position: number }[] = []
      const events = facts.map(({ name, key }, index) => eventOf(name, key, last + 1 + index))
      last += events.length
      await apply(hall, noting(log), events)
      expect(log).toHaveLength(events.length)
      for (const key of ['a', 'b', 'c']) {
        const handled = log.filter((each) => each.key === key).map(({ position }) => position)
        expect(handled).toEqual(events.filter((each) => each.key === key).map(({ position }) => position))
      }
    }),
    { seed, numRuns: 60 },
  )
})

test('events of different keys are begun before the first of them ends', async () => {
  await using hall = await openHall()
  const log: { key: string; position: number }[] = []
  const ends: string[] = []
  const listening = noting(log, ends)
  const { handle } = listening.get(names[0]) as unknown as { handle(...given: unknown[]): Promise<void> }
  let begunAtFirstEnd = 0
  const watched = async (...given: unknown[]) => {
    await handle(...given)
    begunAtFirstEnd ||= log.length
  }
  listening.set(names[0], { ...listening.get(names[0])!, handle: watched })
  await apply(
    hall,
    listening,
    ['a', 'b', 'c', 'd'].map((key, index) => eventOf(names[0], key, index + 1)),
  )
  expect(begunAtFirstEnd).toBe(4)
})

test('of those that are handled side by side one that fails is parked alone', async () => {
  await using hall = await openHall()
  const listening = noting([])
  const failing = async (ctx: any, { position }: { position: number }) => {
    await ctx.tx.execute(sql`insert into "reporting".sold_orders (order_id, day, currency, gross_minor, version)
      values (${`ord_${position}`}, '2026-01-01', 'GBP', ${position === 3 ? null : 1}, 1)`)
  }
  listening.set(names[0], { ...listening.get(names[0])!, handle: failing })
  const events = ['a', 'b', 'c', 'd', 'c'].map((key, index) => eventOf(names[0], key, index + 1))
  expect(await apply(hall, listening, events)).toEqual(new Map([[0, 5]]))
  expect(await hall.sql('select order_id from "reporting".sold_orders order by order_id')).toEqual(
    ['ord_1', 'ord_2', 'ord_4'].map((order_id) => ({ order_id })),
  )
  const parked = await hall.sql('select position::int, attempts > 0 as tried from "reporting".parked order by position')
  expect(parked).toEqual([
    { position: 3, tried: true },
    { position: 5, tried: false },
  ])
})
