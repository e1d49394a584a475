/**
 * A trade that is killed with kill -9, and its hall with it, once also while that starts: the books end as if nothing had been.
 *
 * The instants are drawn by chance from a seed that is printed; CHAOS_SEED chooses others. An instant is a number of answers
 * that the hall has given and some milliseconds after it, so that it falls into the work that is under way then; some of
 * those answers never reach the trade.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Chance, createChance, differentNumbers } from './processes/chance.ts'
import { type Door, openDoor } from './processes/door.ts'
import { expectTheBooks, fixture, outcomeOf, startTool, tellOnFailure, totals } from './processes/trading.ts'
import { openWorld } from './processes/world.ts'

const seed = Number(process.env['CHAOS_SEED'] ?? 20_101_201)
const chaosMsMax = 170_000
/** The fixture's sales take about 200 answers; the last instants leave something to do. */
const answersMax = 180

type Instant = { answers: number; delayMs: number; losesAnswer: boolean }

function drawInstants(count: number, chance: Chance): Instant[] {
  return differentNumbers(chance, { count, min: 1, max: answersMax }).map((answers) => ({
    answers,
    delayMs: chance(0, 30),
    losesAnswer: chance(0, 1) === 1,
  }))
}

/** Does `strike` at each instant, one after the other, while a trade goes on through the door. */
async function atInstants(
  door: Door,
  instants: readonly Instant[],
  strike: (index: number) => Promise<void>,
): Promise<void> {
  for (const { answers, losesAnswer } of instants) if (losesAnswer) door.lose(answers)
  for (const [index, { answers, delayMs }] of instants.entries()) {
    await door.reached(answers)
    await delay(delayMs)
    await strike(index)
  }
}

test(
  'a trade that is killed, now alone and now with the hall, ends the same when it is run again',
  { timeout: chaosMsMax },
  async () => {
    await using world = await openWorld()
    await using door = await openDoor()
    const chance = createChance(seed)
    const instants = drawInstants(3, chance)
    console.info(`Kills at ${instants.length} instants, drawn with CHAOS_SEED=${seed}.`)
    let hall = await world.startHall()
    door.leadTo(hall.url)
    const startTrade = () => startTool(world, ['trade', fixture, '--url', door.url, '--json'])
    let tool = startTrade()
    await atInstants(door, instants, async (index) => {
      await tool.kill()
      if (index === 1) {
        door.leadTo(undefined)
        await hall.kill()
        await world.killStartingHall(chance(100, 1200))
        hall = await world.startHall()
        door.leadTo(hall.url)
      }
      tool = startTrade()
    })
    tellOnFailure([hall, tool])
    expect(await tool.ended).toEqual({ code: 0, signal: null })
    expect(outcomeOf(tool.out)).toMatchObject(totals)
    await expectTheBooks(world)
  },
)
