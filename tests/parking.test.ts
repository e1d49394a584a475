/** Parking while several runs are at the same lane. */
import { applyEvents } from '#platform/events/apply'
import type { JournalEvent, Listener } from '#platform/events/event'
import { startTestHall } from '#testing/hall'
import { expect, test } from 'vitest'

const later: JournalEvent = {
  id: 'evt_2',
  name: 'orders.placed',
  key: 'ord_1',
  version: 2,
  fact: '{}',
  correlation: 'req_1',
  causation: null,
  actor: { kind: 'guest' },
  announcedAt: '2026-01-01T12:00:00.000Z',
  lane: 0,
  position: 2,
}

test('a run that waited for the cursor parks what belongs behind an event that was parked meanwhile', async () => {
  await using hall = await startTestHall({ modules: ['reporting'] })
  const { runtime } = hall.processes[0]!.hosted.get('reporting')!
  const handled: string[] = []
  const listener = {
    event: { read: (fact: unknown) => fact },
    handle: (_ctx: unknown, _fact: unknown, { id }: { id: string }) => Promise.resolve(void handled.push(id)),
  } as unknown as Listener
  await hall.sql(`insert into "reporting".cursors (source, lane, position) values ('orders', 0, 0)`)
  let applying: Promise<Map<number, number>> | undefined
  await runtime.database.transaction(async ({ client }) => {
    await client.query(`select 1 from cursors where source = 'orders' and lane = 0 for update`)
    applying = applyEvents(runtime, new Map([[later.name, listener]]), {
      source: 'orders',
      batches: [{ lane: 0, events: [later] }],
    })
    for (let waits = 0; waits === 0;) {
      const rows = await hall.sql<{ waits: number }>(
        `select count(*)::int as waits from pg_stat_activity
         where wait_event_type = 'Lock' and datname = current_database()`,
      )
      waits = rows[0]!.waits
    }
    await client.query(
      `insert into parked (source, lane, position, key, event, reason) values ('orders', 0, 1, 'ord_1', '{}', 'it failed')`,
    )
    await client.query(`update cursors set position = 1 where source = 'orders' and lane = 0`)
  })
  expect(await applying).toEqual(new Map([[0, 2]]))
  expect(handled).toEqual([])
  expect(await hall.sql(`select position::int from "reporting".parked order by position`)).toEqual([
    { position: 1 },
    { position: 2 },
  ])
})

test('a batch with a gap in its middle is applied up to the gap, and the cursor stays there', async () => {
  await using hall = await startTestHall({ modules: ['reporting'] })
  const { runtime } = hall.processes[0]!.hosted.get('reporting')!
  const handled: string[] = []
  const listener = {
    event: { read: (fact: unknown) => fact },
    handle: (_ctx: unknown, _fact: unknown, { id }: { id: string }) => Promise.resolve(void handled.push(id)),
  } as unknown as Listener
  const at = (position: number): JournalEvent => ({ ...later, id: `evt_${position}`, key: `ord_${position}`, position })
  const apply = (...positions: number[]) =>
    applyEvents(runtime, new Map([[later.name, listener]]), {
      source: 'orders',
      batches: [{ lane: 0, events: positions.map(at) }],
    })
  // Another process has given the third place, and pushes that event itself.
  expect(await apply(1, 2, 4, 5)).toEqual(new Map([[0, 2]]))
  expect(await apply(4, 5)).toEqual(new Map([[0, 2]]))
  expect(await apply(2, 3, 4, 5)).toEqual(new Map([[0, 5]]))
  expect(handled).toEqual(['evt_1', 'evt_2', 'evt_3', 'evt_4', 'evt_5'])
})
