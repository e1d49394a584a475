/** What is pushed has a gap in the middle, since another process has given the place between to an event of its own. */
import { applyEvents } from '#platform/events/apply'
import type { JournalEvent, Listener } from '#platform/events/event'
import { startTestHall } from '#testing/hall'
import { expect, test } from 'vitest'

const eventAt = (position: number): JournalEvent => ({
  id: `evt_${position}`,
  name: 'orders.placed',
  key: `ord_${position}`,
  version: 1,
  fact: '{}',
  correlation: 'req_1',
  causation: null,
  actor: { kind: 'guest' },
  announcedAt: '2026-01-01T12:00:00.000Z',
  lane: 0,
  position,
})

test('a listener stops before what is missing in the middle of a batch, and passes over nothing', async () => {
  await using hall = await startTestHall({ modules: ['reporting'] })
  const { runtime } = hall.processes[0]!.hosted.get('reporting')!
  const handled: string[] = []
  const listener = {
    event: { read: (fact: unknown) => fact },
    handle: (_ctx: unknown, _fact: unknown, { id }: { id: string }) => Promise.resolve(void handled.push(id)),
  } as unknown as Listener
  const apply = (positions: number[]) =>
    applyEvents(runtime, new Map([['orders.placed', listener]]), {
      source: 'orders',
      batches: [{ lane: 0, events: positions.map(eventAt) }],
    })
  expect(await apply([1, 2, 4, 5])).toEqual(new Map([[0, 2]]))
  expect(handled).toEqual(['evt_1', 'evt_2'])
  // What overlaps with what was applied is applied once.
  expect(await apply([2, 3, 4, 5, 7])).toEqual(new Map([[0, 5]]))
  expect(handled).toEqual(['evt_1', 'evt_2', 'evt_3', 'evt_4', 'evt_5'])
})
