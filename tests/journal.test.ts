/** A journal among many: commits that come late, sequencers side by side, and listeners that come later. */
import { JobContext } from '#platform/calls/contexts'
import { applyEvents } from '#platform/events/apply'
import { allDuties } from '#platform/events/duties'
import { event, type Listener, onAll } from '#platform/events/event'
import { journalAfter, journalHeads, sequence } from '#platform/events/journal'
import { ModuleWorker } from '#platform/events/module-worker'
import { jobContext } from '#platform/events/run-job'
import { startTestHall, type TestHall } from '#testing/hall'
import { expect, test } from 'vitest'
import { z } from 'zod'

const fact = z.strictObject({ key: z.string(), version: z.int() })
const counted = event('pricing.counted', { fact, key: ({ key }) => key, version: ({ version }) => version })

const runtimeOf = (hall: TestHall, module = 'pricing') => hall.processes[0]!.hosted.get(module)!.runtime

/** Announces in a transaction that commits when `until` does. */
async function announce(hall: TestHall, facts: readonly z.infer<typeof fact>[], until?: Promise<unknown>) {
  const runtime = runtimeOf(hall)
  const own = { actor: { kind: 'system' as const, id: 'pricing' }, requestId: 'req_1', key: undefined }
  await new JobContext(runtime, jobContext(runtime, own)).transaction(async (ctx) => {
    for (const each of facts) ctx.announce(counted, each)
    await until
  })
}

const database = (hall: TestHall) => runtimeOf(hall).database

/** What each lane holds, in its order. */
async function journalOf(hall: TestHall) {
  const { lanes } = await journalHeads(database(hall))
  const read = lanes.map(({ lane }) => journalAfter(database(hall), { lane, position: 0, limit: 1000 }))
  return (await Promise.all(read)).map(({ events }) => events)
}

test('what commits late comes after what has its place, and no cursor has passed it', async () => {
  await using hall = await startTestHall({ modules: ['pricing', 'reporting'] })
  const seen: string[] = []
  const listener: Listener = onAll(counted, (_tx, items) =>
    Promise.resolve(void seen.push(...items.map((it) => it.fact.key))),
  )
  const apply = async () => {
    const events = (await journalOf(hall)).map((ofLane) => ({ lane: ofLane[0]!.lane, events: ofLane }))
    const listening = new Map([[counted.name, listener]])
    await applyEvents(runtimeOf(hall, 'reporting'), listening, { source: 'pricing', batches: events })
  }
  const late = Promise.withResolvers<void>()
  const begun = announce(hall, [{ key: 'begun first', version: 1 }], late.promise)
  await announce(hall, [{ key: 'committed first', version: 1 }])
  await sequence(database(hall))
  await apply()
  expect(seen).toEqual(['committed first'])
  late.resolve()
  await begun
  await sequence(database(hall))
  await apply()
  expect(seen).toEqual(['committed first', 'begun first'])
})

test('sequencers side by side give each event one place, without gaps, a key’s in the order of its versions', async () => {
  await using hall = await startTestHall({ modules: ['pricing'] })
  const keys = Array.from({ length: 10 }, (_, index) => `key ${index}`)
  const versions = Array.from({ length: 20 }, (_, index) => index + 1)
  const announcing = keys.map(async (key) => {
    for (const version of versions) await announce(hall, [{ key, version }])
  })
  const isDone = Promise.all(announcing).then(() => true)
  const sequenceOn = async () => {
    while (!(await Promise.race([isDone, sequence(database(hall)).then(() => false)])));
  }
  await Promise.all([isDone, sequenceOn(), sequenceOn(), sequenceOn()])
  while ((await journalHeads(database(hall))).unsequenced > 0) await sequence(database(hall))
  const lanes = await journalOf(hall)
  expect(lanes.flat()).toHaveLength(keys.length * versions.length)
  for (const events of lanes)
    expect(events.map(({ position }) => position)).toEqual(events.map((_, index) => index + 1))
  for (const key of keys) {
    const ofKey = lanes.flat().filter((each) => each.key === key)
    expect(ofKey.map(({ version }) => version)).toEqual(versions)
  }
})

test('a listener that is new is told everything from the beginning, however much that is', async () => {
  await using hall = await startTestHall({ modules: ['pricing', 'reporting'] })
  const many = Array.from({ length: 2_500 }, (_, index) => ({ key: `key ${index % 7}`, version: index + 1 }))
  await announce(hall, many)
  await sequence(database(hall))
  await sequence(database(hall))
  const { runtime, reader, assembly } = hall.processes[0]!.hosted.get('reporting')!
  const seen: number[] = []
  const worker = new ModuleWorker({
    runtime,
    reader,
    assembly: {
      router: assembly.router,
      rebuild: { refused: 'it keeps nothing' },
      listeners: [
        onAll(counted, (_tx, items) => Promise.resolve(void seen.push(...items.map((it) => it.fact.version)))),
      ],
    },
    carrier: {
      add: () => Promise.resolve(),
      work: () => Promise.resolve(),
      ping: () => Promise.resolve(),
      close: () => Promise.resolve(),
    },
    sources: [],
    listenedBy: [],
    duties: allDuties,
    sweeps: false,
  })
  const round = await worker.round({ resumeSagas: false })
  expect(round.applied).toBe(2_500)
  expect(seen.toSorted((one, other) => one - other)).toEqual(many.map(({ version }) => version))
  for (let key = 0; key < 7; key += 1) {
    const ofKey = seen.filter((version) => (version - 1) % 7 === key)
    expect(ofKey).toEqual(ofKey.toSorted((one, other) => one - other))
  }
})
