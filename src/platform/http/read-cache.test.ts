import { z } from 'zod'
import { describe, expect, test } from 'vitest'
import { anyone, defineContract, query } from '../contract.ts'
import type { JournalHeads } from '../events/journal.ts'
import { type KeptAnswer, ReadCache } from './read-cache.ts'

const nothing = z.strictObject({})
const spec = { access: anyone, cached: true, input: nothing, output: nothing }
const contracts = {
  stall: defineContract('stall', { look: query(spec) }),
  booth: defineContract('booth', { look: query(spec) }),
}

/** A cache over journals that a test writes to, with a clock that it sets. */
function openCache(options: { bytesMax?: number } = {}) {
  const world = {
    now: 0,
    heads: new Map<string, number>([
      ['stall', 0],
      ['booth', 0],
    ]),
    unsequenced: 0,
    readings: 0,
    /** What a reading waits for before it looks. */
    before: Promise.resolve(),
    /** What a reading waits for after it has looked. */
    after: Promise.resolve(),
    isAway: false,
  }
  const cache = new ReadCache({
    contracts,
    listens: ['stall', 'booth'],
    checkMs: 250,
    now: () => world.now,
    ...options,
    async heads(module): Promise<JournalHeads> {
      world.readings += 1
      await world.before
      if (world.isAway) throw new Error('away')
      const seen = { unsequenced: world.unsequenced, lanes: [{ lane: 0, head: world.heads.get(module)! }] }
      await world.after
      return seen
    },
  })
  return { cache, world }
}

const announce = (world: { heads: Map<string, number> }, module = 'stall') =>
  world.heads.set(module, world.heads.get(module)! + 1)

async function ask(
  cache: ReadCache,
  url: string,
  { modules = ['stall'], body = 'what it said' } = {},
): Promise<KeptAnswer> {
  const stamps = await cache.stamps(modules)
  const answer = { body: Buffer.from(body), stamps: stamps! }
  cache.keep(url, answer)
  return cache.find(url)!
}

describe('an answer that was kept', () => {
  test('is right without a question while the last reading is young, and by a new one after that', async () => {
    const { cache, world } = openCache()
    const answer = await ask(cache, '/a')
    world.now = 250
    expect(cache.isRight(answer)).toBe(true)
    world.now = 251
    expect(cache.isRight(answer)).toBe(undefined)
    expect(await cache.check(answer)).toBe(true)
    expect(world.readings).toBe(2)
  })

  test('is given for at most one check longer after a change elsewhere', async () => {
    const { cache, world } = openCache()
    const answer = await ask(cache, '/a')
    announce(world)
    world.now = 250
    expect(cache.isRight(answer)).toBe(true)
    world.now = 251
    expect(await cache.check(answer)).toBe(false)
    expect(cache.isRight(answer)).toBe(false)
  })

  test('is given no more from the moment that this process commits a change', async () => {
    const { cache, world } = openCache()
    const answer = await ask(cache, '/a')
    announce(world)
    cache.committed('stall')
    expect(cache.isRight(answer)).toBe(undefined)
    expect(await cache.check(answer)).toBe(false)
  })

  test('is not confirmed by a reading that began before this process committed a change', async () => {
    const { cache, world } = openCache()
    const answer = await ask(cache, '/a')
    world.now = 1000
    const looked = Promise.withResolvers<void>()
    world.after = looked.promise
    const check = cache.check(answer)
    announce(world)
    cache.committed('stall')
    looked.resolve()
    expect(await check).toBe(false)
    // Nor does that reading count for anybody who comes later.
    expect(cache.isRight(answer)).toBe(undefined)
  })

  test('that came before a change and was kept after it is never given', async () => {
    const { cache, world } = openCache()
    const stamps = (await cache.stamps(['stall']))!
    // The module is asked, answers the old, and the change commits before the answer is kept.
    announce(world)
    cache.committed('stall')
    const answer = { body: Buffer.from('old'), stamps }
    cache.keep('/a', answer)
    expect(await cache.check(answer)).toBe(false)
  })

  test('is given no more by a reading that took longer than it counts', async () => {
    const { cache, world } = openCache()
    const answer = await ask(cache, '/a')
    world.now = 1000
    const late = Promise.withResolvers<void>()
    world.before = late.promise
    const check = cache.check(answer)
    world.now = 1251
    late.resolve()
    expect(await check).toBe(false)
  })

  test('is given while nothing of its own modules changes, whatever others do', async () => {
    const { cache, world } = openCache()
    const [one, both] = [await ask(cache, '/a'), await ask(cache, '/b', { modules: ['stall', 'booth'] })]
    announce(world, 'booth')
    world.now = 1000
    expect(await cache.check(one)).toBe(true)
    expect(await cache.check(both)).toBe(false)
  })
})

test('nothing is kept or given while events have no place, or the journal cannot be read', async () => {
  const { cache, world } = openCache()
  const answer = await ask(cache, '/a')
  for (const trouble of ['unsequenced', 'away'] as const) {
    world.now += 1000
    world.unsequenced = trouble === 'unsequenced' ? 1 : 0
    world.isAway = trouble === 'away'
    expect(await cache.stamps(['stall'])).toBe(undefined)
    expect(cache.isRight(answer)).toBe(false)
    expect(await cache.check(answer)).toBe(false)
  }
  Object.assign(world, { now: world.now + 1000, isAway: false })
  expect(await cache.check(answer)).toBe(true)
})

test('however many ask, one reading serves them, and an idle hall is not read', async () => {
  const { cache, world } = openCache()
  const answer = await ask(cache, '/a')
  world.now = 1000
  const late = Promise.withResolvers<void>()
  world.before = late.promise
  const checks = Array.from({ length: 100 }, () => cache.check(answer))
  late.resolve()
  expect(new Set(await Promise.all(checks))).toEqual(new Set([true]))
  expect(world.readings).toBe(2)
})

test('a module that nobody listens to is not kept, and answers of many modules only if all are', async () => {
  const { cache } = openCache()
  expect(await cache.stamps(['stall', 'nobody'])).toBe(undefined)
  expect(await cache.stamps([])).toBe(undefined)
  const unheard = () => new ReadCache({ contracts, listens: ['stall'], heads: () => Promise.reject(new Error()) })
  expect(unheard).toThrow(/must let it listen/)
})

test('however many are asked, its memory is bounded, and what is asked often stays', async () => {
  const { cache } = openCache({ bytesMax: 100_000 })
  await ask(cache, '/often')
  const body = 'x'.repeat(1000)
  for (let count = 0; count < 1000; count += 1) {
    await ask(cache, `/${count}`, { body })
    expect(cache.bytes).toBeLessThanOrEqual(100_000)
    expect(cache.find('/often')).toBeDefined()
  }
  expect(cache.bytes).toBeGreaterThan(90_000)
  expect(cache.find('/0')).toBe(undefined)
  cache.keep('/huge', { body: Buffer.alloc(100_001), stamps: [] })
  expect(cache.find('/huge')).toBe(undefined)
})
