/** What the races rest on: a seed plays the same interleaving again, and other seeds play others. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createChance } from '../processes/chance.ts'
import { openArena } from './arena.ts'
import { buyAt, fill, range } from './buyers.ts'
import { gateSleep } from './gates.ts'
import { passGate, Play } from './play.ts'

const nothingBlocked = () => Promise.resolve(0)

test('a seed plays the same interleaving of a whole purchase each time, and other seeds play others', async () => {
  await using arena = await openArena({ gated: ['checkout', 'inventory', 'payments', 'orders'] })
  const traceOf = async (seed: number) => {
    const sku = await arena.stock(1)
    const play = new Play({ chance: createChance(seed), countBlocked: arena.countBlocked })
    for (const number of range(3)) {
      const purchase = await fill(arena, [{ sku, quantity: 1 }])
      play.join(`cart ${number}`, () => buyAt(arena, { door: number, key: `key ${sku} ${number % 2}` }, purchase))
    }
    await play.run()
    return play.trace.join('\n')
  }
  const seeds = range(8)
  const traces: string[] = []
  for (const seed of seeds) traces.push(await traceOf(seed))
  expect(new Set(traces).size).toBe(seeds.length)
  for (const seed of seeds) expect(await traceOf(seed)).toBe(traces[seed])
})

test('a party that dies does nothing more, and nobody waits for it', async () => {
  const done: string[] = []
  const work = (name: string) => async () => {
    for (const step of range(3)) {
      await passGate(`step ${step}`)
      done.push(`${name} ${step}`)
    }
    return name
  }
  const play = new Play({ chance: createChance(1), countBlocked: nothingBlocked, death: { party: 'one', after: 2 } })
  play.join('one', work('one'))
  play.join('other', work('other'), { when: () => play.hasEnded('one') })
  await play.run()
  expect(done).toEqual(['one 0', 'other 0', 'other 1', 'other 2'])
  expect([play.reasonOf('one'), play.answerOf('other')]).toEqual(['died', 'other'])
})

test('no time passes in a play: who would sleep waits for a turn', async () => {
  using _ = gateSleep()
  const play = new Play({ chance: createChance(1), countBlocked: nothingBlocked })
  const hour = 3_600_000
  play.join('sleeper', () => delay(hour, 'awake'))
  await play.run()
  expect(play.answerOf('sleeper')).toBe('awake')
})
